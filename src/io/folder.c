/* Folders: making, syncing, and the lock that lets one run at a time own an output folder. */
#include "dnn/io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "dnn/base/log.h"
#include "dnn/base/memory.h"

/* Ranks of a job whose mpirun was killed live on for up to 3 s: a restarted job meets its own ghost. */
enum { PATIENCE_MS = 4000, PAUSE_MS = 50 };

static bool is_folder(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

static dnn_status make_one(const char *path)
{
    if (mkdir(path, 0777) == 0 || (errno == EEXIST && is_folder(path))) return DNN_OK;
    if (errno == EEXIST) return dnn_fail(DNN_E_IO, "%s: is a file, a folder is needed", path);
    return dnn_fail(DNN_E_IO, "%s: cannot make the folder: %s", path, strerror(errno));
}

dnn_status dnn_folder_make(const char *path)
{
    char *part = dnn_strdup(path);
    if (!part) return DNN_E_MEMORY;
    dnn_status st = *path ? DNN_OK : dnn_fail(DNN_E_IO, "a folder without a name");
    for (char *slash = part; st == DNN_OK && *slash && (slash = strchr(slash + 1, '/'));) {
        *slash = '\0';
        if (!is_folder(part)) st = make_one(part);
        *slash = '/';
    }
    if (st == DNN_OK) st = make_one(path);
    dnn_free(part);
    return st;
}

/* One that is there must be a folder itself: what is written, swept and pruned in it belongs to the run. */
static dnn_status make_real(const char *path)
{
    struct stat about;
    if (mkdir(path, 0777) == 0) return DNN_OK;
    if (errno == EEXIST && lstat(path, &about) == 0 && S_ISLNK(about.st_mode))
        return dnn_fail(DNN_E_IO, "%s: is a symbolic link, which is not followed here: remove it, or choose another output folder", path);
    return make_one(path);
}

dnn_status dnn_folder_make_within(const char *folder, const char *inner)
{
    char *path = dnn_format("%s/%s/", folder, inner);
    if (!path) return DNN_E_MEMORY;
    dnn_status st = DNN_OK;
    for (char *slash = path + strlen(folder) + 1; st == DNN_OK && (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        st = make_real(path);
        *slash = '/';
    }
    dnn_free(path);
    return st;
}

dnn_status dnn_folder_sync(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = !slash          ? dnn_strdup(".")
                   : slash == path ? dnn_strdup("/")
                                   : dnn_format("%.*s", (int)(slash - path), path);
    if (!folder) return DNN_E_MEMORY;
    dnn_status st = DNN_OK;
    const int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* EINVAL: a file system that has nothing to sync in folders */
    if (file < 0 || (fsync(file) != 0 && errno != EINVAL))
        st = dnn_fail(DNN_E_IO, "%s: cannot sync the folder: %s", folder, strerror(errno));
    if (file >= 0) close(file);
    dnn_free(folder);
    return st;
}

static int try_until_patience_ends(int file)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    for (int waited = 0;; waited += PAUSE_MS) {
        if (flock(file, LOCK_EX | LOCK_NB) == 0) return 0;
        if (errno == EINTR) continue;
        if (errno != EWOULDBLOCK || waited >= PATIENCE_MS) return errno;
        nanosleep(&pause, NULL);
    }
}

static dnn_status in_use(int file, const char *folder)
{
    char holder[300];
    const ssize_t length = pread(file, holder, sizeof holder - 1, 0);
    holder[length > 0 ? length : 0] = '\0';
    holder[strcspn(holder, "\n")] = '\0';
    return dnn_fail(DNN_E_IO, "%s: in use by %s: wait for it, end it, or choose another output folder", folder,
                    *holder ? holder : "another run");
}

/* For people, and for the message of whoever comes second: the lock itself is flock's and ends with the process. */
static dnn_status write_holder(int file, const char *folder)
{
    char host[256] = "", text[512];
    gethostname(host, sizeof host - 1);
    const char *job = getenv("SLURM_JOB_ID");
    const int length = snprintf(text, sizeof text, "host %s, pid %ld%s%.100s\n", host, (long)getpid(),
                                job ? ", job " : "", job ? job : "");
    if (ftruncate(file, 0) == 0 && pwrite(file, text, (size_t)length, 0) == length) return DNN_OK;
    return dnn_fail(DNN_E_IO, "%s/lock: cannot write: %s", folder, strerror(errno));
}

dnn_status dnn_folder_lock(const char *folder, int *handle)
{
    *handle = -1;
    char *path = dnn_format("%s/lock", folder);
    if (!path) return DNN_E_MEMORY;
    const int file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    dnn_status st = DNN_OK;
    if (file < 0) st = dnn_fail(DNN_E_IO, "%s: cannot open: %s", path,
                      errno == ELOOP ? "it is a symbolic link, which is not followed: remove it" : strerror(errno));
    const int why = st == DNN_OK ? try_until_patience_ends(file) : 0;
    if (why == EWOULDBLOCK)
        st = in_use(file, folder);
    else if (why == ENOLCK || why == ENOSYS || why == EOPNOTSUPP)
        dnn_warn("%s: this file system has no locks (%s): see to it that no second run writes here", folder,
                 strerror(why));
    else if (why != 0)
        st = dnn_fail(DNN_E_IO, "%s: cannot lock: %s", path, strerror(why));
    if (st == DNN_OK) st = write_holder(file, folder);
    if (st == DNN_OK)
        *handle = file;
    else if (file >= 0)
        close(file);
    dnn_free(path);
    return st;
}

void dnn_folder_unlock(int handle)
{
    if (handle < 0) return;
    /* Emptied, not removed: a run that waits has this very file open and would lock what no one else sees. */
    if (ftruncate(handle, 0) != 0) dnn_warn("cannot empty the lock file: %s", strerror(errno));
    close(handle);
}
