#include "exchange/header.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "dnn/base/memory.h"

enum { PIECE = 1 << 20, MAGIC = 8, AT_VERSION = 8, AT_SIZE = 12, AT_LENGTH = 16, AT_DIGEST = 24, AT_SELF = 496 };

static const unsigned char magic[MAGIC] = {'d', 'n', 'n', '-', 'm', 'p', 'i', '\n'};

static void put(unsigned char *at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) at[i] = (unsigned char)(value >> (8 * i));
}

static uint64_t get(const unsigned char *at, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) value |= (uint64_t)at[i] << (8 * i);
    return value;
}

static void put_digest(unsigned char *at, XXH128_hash_t digest)
{
    XXH128_canonical_t text;
    XXH128_canonicalFromHash(&text, digest);
    memcpy(at, text.digest, sizeof text.digest);
}

/* Digest of the bytes from the header's end on and their number; false with errno set where reading fails. */
static bool digest_rest(int file, XXH128_hash_t *digest, uint64_t *bytes)
{
    unsigned char *piece = dnn_alloc(PIECE, 1);
    XXH3_state_t *state = XXH3_createState();
    bool good = piece && state && XXH3_128bits_reset(state) == XXH_OK;
    *bytes = 0;
    errno = good ? 0 : ENOMEM;
    while (good) {
        const ssize_t n = pread(file, piece, PIECE, (off_t)(HEADER_SIZE + *bytes));
        if (n < 0 && errno == EINTR) continue;
        good = n >= 0 && XXH3_128bits_update(state, piece, (size_t)n) == XXH_OK;
        if (n <= 0) break;
        *bytes += (uint64_t)n;
    }
    if (good) *digest = XXH3_128bits_digest(state);
    XXH3_freeState(state);
    dnn_free(piece);
    return good;
}

void header_fill(unsigned char *file, size_t length, uint32_t version)
{
    memset(file, 0, HEADER_SIZE);
    memcpy(file, magic, MAGIC);
    put(file + AT_VERSION, version, 4);
    put(file + AT_SIZE, HEADER_SIZE, 4);
    put(file + AT_LENGTH, length, 8);
    put_digest(file + AT_DIGEST, XXH3_128bits(file + HEADER_SIZE, length - HEADER_SIZE));
    put_digest(file + AT_SELF, XXH3_128bits(file, AT_SELF));
}

static bool all_zero(const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i]) return false;
    return true;
}

/* Damage in the magic must not make a file of ours a stranger's, so any bytes at all before an HDF5 part are taken for
 * what is left of a header of ours: Keras writes none. */
static bool looks_like_ours(const unsigned char *head, size_t length)
{
    static const unsigned char hdf5[MAGIC] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    size_t same = 0;
    for (size_t i = 0; i < MAGIC && i < length; i++) same += head[i] == magic[i];
    if (same >= MAGIC / 2) return true;
    return length == HEADER_SIZE + MAGIC && memcmp(head, hdf5, MAGIC) != 0 &&
           memcmp(head + HEADER_SIZE, hdf5, MAGIC) == 0 && !all_zero(head, HEADER_SIZE);
}

static dnn_status judge_header(const unsigned char *header, const char *path, uint32_t newest)
{
    unsigned char self[16];
    put_digest(self, XXH3_128bits(header, AT_SELF));
    if (memcmp(self, header + AT_SELF, sizeof self) != 0 || memcmp(header, magic, MAGIC) != 0)
        return dnn_fail(DNN_E_MODEL, "%s: is damaged: its header does not have the digest that stands in it", path);
    const uint32_t version = (uint32_t)get(header + AT_VERSION, 4);
    if (version > newest)
        return dnn_fail(DNN_E_MODEL, "%s: was written in format %u; this program reads up to %u", path, version,
                        newest);
    if (get(header + AT_SIZE, 4) != HEADER_SIZE) return dnn_fail(DNN_E_MODEL, "%s: has a header of another size", path);
    return DNN_OK;
}

static dnn_status judge(int file, const char *path, uint32_t newest, bool *ours)
{
    unsigned char header[HEADER_SIZE + MAGIC], digest[16];
    struct stat info;
    if (fstat(file, &info) != 0) return dnn_fail(DNN_E_MODEL, "%s: cannot be read: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode)) return dnn_fail(DNN_E_MODEL, "%s: is no regular file", path);
    const ssize_t n = pread(file, header, sizeof header, 0);
    if (n < 0) return dnn_fail(DNN_E_MODEL, "%s: cannot be read: %s", path, strerror(errno));
    if (n < MAGIC)
        return dnn_fail(DNN_E_MODEL, "%s: is no model file: it has %lld bytes", path, (long long)info.st_size);
    if (memcmp(header, "PK\3\4", 4) == 0)
        return dnn_fail(DNN_E_MODEL, "%s: is an archive, as Keras writes for names that end in .keras; files of HDF5 are read: save it in Keras as model.save(\"x.h5\")", path);
    *ours = looks_like_ours(header, (size_t)n);
    if (!*ours) return DNN_OK;
    if (n < HEADER_SIZE)
        return dnn_fail(DNN_E_MODEL, "%s: is damaged: it ends after %lld bytes, within its header", path,
                        (long long)info.st_size);
    const dnn_status st = judge_header(header, path, newest);
    if (st != DNN_OK) return st;
    const uint64_t length = get(header + AT_LENGTH, 8);
    if ((uint64_t)info.st_size != length)
        return dnn_fail(DNN_E_MODEL, "%s: is damaged: it has %lld bytes and was written with %llu", path,
                        (long long)info.st_size, (unsigned long long)length);
    XXH128_hash_t hash;
    uint64_t bytes;
    if (!digest_rest(file, &hash, &bytes))
        return dnn_fail(DNN_E_MODEL, "%s: cannot be read: %s", path, strerror(errno));
    put_digest(digest, hash);
    if (bytes + HEADER_SIZE == length && memcmp(digest, header + AT_DIGEST, sizeof digest) == 0) return DNN_OK;
    return dnn_fail(DNN_E_MODEL, "%s: is damaged: its content does not have the digest that stands in its header",
                    path);
}

dnn_status header_judge(const char *path, uint32_t newest, bool *ours)
{
    *ours = false;
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return dnn_fail(DNN_E_MODEL, "%s: cannot be opened: %s", path, strerror(errno));
    const dnn_status st = judge(file, path, newest, ours);
    close(file);
    return st;
}
