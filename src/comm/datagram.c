#include "comm/datagram.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef union any_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} any_address;

static struct in6_addr mapped(struct in_addr v4)
{
    struct in6_addr a = {.s6_addr = {[10] = 0xff, [11] = 0xff}};
    memcpy(&a.s6_addr[12], &v4, sizeof v4);
    return a;
}

static int bind_any(int family)
{
    const int s = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s < 0) return -1;
    any_address at;
    memset(&at, 0, sizeof at);
    at.any.sa_family = (sa_family_t)family;
    const int both = 0;
    if (family == AF_INET6) setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &both, sizeof both);
    if (bind(s, &at.any, family == AF_INET6 ? sizeof at.v6 : sizeof at.v4) == 0) return s;
    close(s);
    return -1;
}

/* Port and address stand at the same places for both families only as far as the port. */
static endpoint read_address(const any_address *a)
{
    if (a->any.sa_family == AF_INET6) return (endpoint){a->v6.sin6_addr, ntohs(a->v6.sin6_port)};
    return (endpoint){mapped(a->v4.sin_addr), ntohs(a->v4.sin_port)};
}

int datagram_open(uint16_t *port)
{
    int s = bind_any(AF_INET6);
    if (s < 0) s = bind_any(AF_INET); /* a kernel without IPv6 */
    if (s < 0) return -1;
    any_address at;
    socklen_t length = sizeof at;
    if (getsockname(s, &at.any, &length) != 0) {
        close(s);
        return -1;
    }
    *port = read_address(&at).port;
    return s;
}

/* A link-local address means something on its own link alone. */
static bool usable(const struct ifaddrs *i)
{
    if (!i->ifa_addr || !(i->ifa_flags & IFF_UP)) return false;
    if (i->ifa_addr->sa_family == AF_INET) return true;
    return i->ifa_addr->sa_family == AF_INET6 && !IN6_IS_ADDR_LINKLOCAL(&((const struct sockaddr_in6 *)(const void *)i->ifa_addr)->sin6_addr);
}

static int collect(const struct ifaddrs *all, bool loopback, struct in6_addr *out, int room)
{
    int n = 0;
    for (const struct ifaddrs *i = all; i && n < room; i = i->ifa_next)
        if (usable(i) && !!(i->ifa_flags & IFF_LOOPBACK) == loopback) out[n++] = read_address((const any_address *)(const void *)i->ifa_addr).address;
    return n;
}

int datagram_addresses(struct in6_addr *out, int room)
{
    struct ifaddrs *all;
    if (getifaddrs(&all) != 0) return 0;
    int n = collect(all, false, out, room);
    if (n == 0) n = collect(all, true, out, room);
    freeifaddrs(all);
    return n;
}

static int family_of(int s)
{
    int family = AF_INET6;
    socklen_t length = sizeof family;
    getsockopt(s, SOL_SOCKET, SO_DOMAIN, &family, &length);
    return family;
}

void datagram_send(int s, const endpoint *to, const void *data, size_t bytes)
{
    any_address at;
    memset(&at, 0, sizeof at);
    socklen_t length = sizeof at.v6;
    if (family_of(s) == AF_INET6) {
        at.v6.sin6_family = AF_INET6;
        at.v6.sin6_addr = to->address;
        at.v6.sin6_port = htons(to->port);
    } else {
        if (!IN6_IS_ADDR_V4MAPPED(&to->address)) return;
        at.v4.sin_family = AF_INET;
        memcpy(&at.v4.sin_addr, &to->address.s6_addr[12], sizeof at.v4.sin_addr);
        at.v4.sin_port = htons(to->port);
        length = sizeof at.v4;
    }
    (void)!sendto(s, data, bytes, MSG_DONTWAIT | MSG_NOSIGNAL, &at.any, length); /* lost is lost */
}

size_t datagram_receive(int s, endpoint *from, void *data, size_t room)
{
    /* An answer that a port of before is closed comes as an error of the next call: it takes nothing from what has come. */
    for (int tries = 0; tries < 8; tries++) {
        any_address at;
        socklen_t length = sizeof at;
        const ssize_t n = recvfrom(s, data, room, MSG_DONTWAIT, &at.any, &length);
        if (n > 0) {
            *from = read_address(&at);
            return (size_t)n;
        }
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return 0;
    }
    return 0;
}
