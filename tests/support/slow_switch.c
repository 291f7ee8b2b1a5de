/* A network with a delay and a rate between network namespaces, for kernels whose `tc` has no netem (tests/support/hosts.bash uses it):
 *
 *   slow_switch DELAY_US MBIT NAMESPACE…
 *
 * Each namespace gets a device eth0 whose frames come here. A frame leaves its sender's cable at MBIT (0: no limit), travels DELAY_US and is
 * handed to whom its address names. A cable holds a megabyte of waiting frames; what comes then is lost, as in a real switch. SIGTERM ends it,
 * and the devices with it. It prints `ready` when all cables are plugged in. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_HOSTS = 32, LARGEST = 9018, PLACES = 1024, CABLE_BYTES = 1 << 20, BURST = 32, FRAMING = 24 };

typedef struct frame { int64_t arrives; uint32_t to, length; unsigned char bytes[LARGEST]; } frame;

/* Frames on their way from one host, oldest first: they arrive in the order in which they left. */
typedef struct cable {
    int device;
    unsigned char address[6];
    frame *frames;
    size_t first, count, bytes;
    int64_t idle_from;
} cable;

static cable cables[MOST_HOSTS];
static uint32_t n_cables;
static int64_t delay;
static double ns_a_byte;

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int plug_in(cable *c, const char *space, uint32_t index, int home)
{
    char path[256];
    snprintf(path, sizeof path, "/run/netns/%s", space);
    const int there = open(path, O_RDONLY | O_CLOEXEC);
    if (there < 0 || setns(there, CLONE_NEWNET) != 0) return -1;
    close(there);
    struct ifreq request = { .ifr_name = "eth0", .ifr_flags = IFF_TAP | IFF_NO_PI };
    c->device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (c->device < 0 || ioctl(c->device, TUNSETIFF, &request) != 0) return -1;
    memcpy(c->address, (unsigned char[]){ 0x06, 0, 0, 0, (unsigned char)(index >> 8), (unsigned char)index }, sizeof c->address);
    request.ifr_hwaddr.sa_family = 1; /* Ethernet */
    memcpy(request.ifr_hwaddr.sa_data, c->address, sizeof c->address);
    const int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (any < 0 || ioctl(any, SIOCSIFHWADDR, &request) != 0) return -1;
    close(any);
    c->frames = malloc(PLACES * sizeof *c->frames);
    return c->frames && setns(home, CLONE_NEWNET) == 0 ? 0 : -1;
}

static uint32_t receiver(const unsigned char *bytes)
{
    for (uint32_t i = 0; i < n_cables; i++)
        if (memcmp(bytes, cables[i].address, sizeof cables[i].address) == 0) return i;
    return n_cables; /* everybody: broadcasts, and addresses nobody has */
}

static void take(cable *c, int64_t t)
{
    unsigned char lost[LARGEST];
    for (int i = 0; i < BURST; i++) {
        const int has_room = c->count < PLACES && c->bytes < CABLE_BYTES;
        frame *f = &c->frames[(c->first + c->count) % PLACES];
        const ssize_t length = read(c->device, has_room ? f->bytes : lost, LARGEST);
        if (length < 14) return;
        if (!has_room) continue;
        const int64_t begins = c->idle_from > t ? c->idle_from : t;
        c->idle_from = begins + (int64_t)((double)(length + FRAMING) * ns_a_byte);
        f->arrives = c->idle_from + delay;
        f->length = (uint32_t)length;
        f->to = receiver(f->bytes);
        c->count++;
        c->bytes += (size_t)length;
    }
}

static int deliver(cable *c, int64_t t)
{
    for (; c->count > 0 && c->frames[c->first].arrives <= t; c->first = (c->first + 1) % PLACES, c->count--) {
        const frame *f = &c->frames[c->first];
        for (uint32_t i = 0; i < n_cables; i++)
            if ((f->to == i || (f->to == n_cables && &cables[i] != c)) && write(cables[i].device, f->bytes, f->length) < 0 && errno == EBADFD)
                return -1; /* the namespace is gone */
        c->bytes -= f->length;
    }
    return 0;
}

static int run(void)
{
    struct pollfd wanted[MOST_HOSTS];
    for (uint32_t i = 0; i < n_cables; i++) wanted[i] = (struct pollfd){ .fd = cables[i].device, .events = POLLIN };
    for (;;) {
        int64_t t = now(), next = t + 100000000;
        for (uint32_t i = 0; i < n_cables; i++)
            if (cables[i].count > 0 && cables[i].frames[cables[i].first].arrives < next) next = cables[i].frames[cables[i].first].arrives;
        const struct timespec nap = { .tv_nsec = next > t ? next - t : 0 };
        ppoll(wanted, n_cables, &nap, NULL);
        t = now();
        for (uint32_t i = 0; i < n_cables; i++) take(&cables[i], t);
        t = now();
        for (uint32_t i = 0; i < n_cables; i++)
            if (deliver(&cables[i], t) != 0) return 0;
    }
}

int main(int argc, char **argv)
{
    if (argc < 4 || argc - 3 > MOST_HOSTS) {
        fprintf(stderr, "usage: slow_switch DELAY_US MBIT NAMESPACE… (at most %d)\n", MOST_HOSTS);
        return 2;
    }
    const double rate = strtod(argv[2], NULL);
    delay = (int64_t)(strtod(argv[1], NULL) * 1000);
    ns_a_byte = rate > 0 ? 8000 / rate : 0;
    const int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    for (; n_cables + 3 < (uint32_t)argc; n_cables++)
        if (plug_in(&cables[n_cables], argv[n_cables + 3], n_cables + 1, home) != 0) {
            perror(argv[n_cables + 3]);
            return 1;
        }
    /* Frames are due to the microsecond, and ranks that spin for them must not keep them waiting. */
    prctl(PR_SET_TIMERSLACK, 1000);
    sched_setscheduler(0, SCHED_RR, &(struct sched_param){ .sched_priority = 1 });
    puts("ready");
    fflush(stdout);
    return run();
}
