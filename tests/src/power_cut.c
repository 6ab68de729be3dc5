// Between a program and its C library: everything that it does to files under POWER_DATA is written into POWER_LOG first, so that what
// was not synced can be taken back after the program has been killed, as if the power had been cut. tests/src/power_cut.rs reads it.
//
// A record: kind, length of the path, two numbers, length of what follows the path; then the path; then the bytes.
//   W  bytes were written at a; the file was b long; what stood there before
//   T  the file was set to a; it was b long; what stood behind a
//   C  the file was made           D  the folder was made
//   R  it was renamed; the new path   U  it was removed; the path that keeps it
//   S  it was synced; the first a records count
// With POWER_IGNORE no S is written: a disk that says that it has synced and has not.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static pthread_mutex_t alone = PTHREAD_MUTEX_INITIALIZER;
static uint64_t records, kept;
static int log_fd = -1;

#define REAL(name) __typeof__(&name) real = (__typeof__(&name)) dlsym(RTLD_NEXT, #name)
struct head { uint64_t kind, path, a, b, more; };

static int inside(const char *path) {
    const char *data = getenv("POWER_DATA");
    return data && path && strncmp(path, data, strlen(data)) == 0;
}

static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, 4095);
    if (n < 0) return 0;
    path[n] = 0;
    return inside(path);
}

static void put(const void *bytes, size_t n) {
    const char *from = bytes;
    while (n > 0) {
        ssize_t done = syscall(SYS_write, log_fd, from, n);
        if (done <= 0) abort();
        from += done;
        n -= done;
    }
}

static void record(char kind, const char *path, uint64_t a, uint64_t b, const void *more, size_t n) {
    if (log_fd < 0) {
        log_fd = syscall(SYS_openat, AT_FDCWD, getenv("POWER_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (log_fd < 0) abort();
    }
    struct head head = { (uint64_t) kind, strlen(path), a, b, n };
    put(&head, sizeof head);
    put(path, head.path);
    if (n > 0) put(more, n);
    records++;
}

// What stands at a place of a file, before it is changed.
static void record_bytes(char kind, int fd, const char *path, uint64_t a, uint64_t from, size_t n) {
    struct stat is;
    if (fstat(fd, &is) != 0) return;
    uint64_t size = is.st_size, there = from < size ? size - from : 0;
    if (there > n) there = n;
    char *old = malloc(there + 1);
    size_t have = 0;
    int in = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    while (in >= 0 && have < there) {
        ssize_t done = syscall(SYS_pread64, in, old + have, there - have, from + have);
        if (done <= 0) break;
        have += done;
    }
    if (in >= 0) syscall(SYS_close, in);
    record(kind, path, a, size, old, have);
    free(old);
}

static void keep(const char *path) {
    struct stat is;
    if (stat(path, &is) != 0 || !S_ISREG(is.st_mode)) return;
    char saved[4096];
    snprintf(saved, sizeof saved, "%s/%d-%llu", getenv("POWER_KEPT"), (int) getpid(), (unsigned long long) kept++);
    if (link(path, saved) == 0) record('U', path, 0, 0, saved, strlen(saved));
}

static uint64_t place(int fd) {
    struct stat is;
    if ((fcntl(fd, F_GETFL) & O_APPEND) && fstat(fd, &is) == 0) return is.st_size;
    return lseek(fd, 0, SEEK_CUR);
}

#define CHANGED(kind, a, from, n, call) \
    char path[4096]; \
    if (!path_of(fd, path)) return call; \
    pthread_mutex_lock(&alone); \
    record_bytes(kind, fd, path, a, from, n); \
    __typeof__(call) done = call; \
    int error = errno; \
    pthread_mutex_unlock(&alone); \
    errno = error; \
    return done

ssize_t write(int fd, const void *b, size_t n) { REAL(write); CHANGED('W', place(fd), place(fd), n, real(fd, b, n)); }
ssize_t pwrite(int fd, const void *b, size_t n, off_t o) { REAL(pwrite); CHANGED('W', o, o, n, real(fd, b, n, o)); }
ssize_t pwrite64(int fd, const void *b, size_t n, off64_t o) { REAL(pwrite64); CHANGED('W', o, o, n, real(fd, b, n, o)); }
int ftruncate(int fd, off_t o) { REAL(ftruncate); CHANGED('T', o, o, SIZE_MAX, real(fd, o)); }
int ftruncate64(int fd, off64_t o) { REAL(ftruncate64); CHANGED('T', o, o, SIZE_MAX, real(fd, o)); }

static int synced(int fd, int (*real)(int)) {
    char path[4096];
    if (!path_of(fd, path)) return real(fd);
    pthread_mutex_lock(&alone);
    uint64_t before = records;
    pthread_mutex_unlock(&alone);
    int done = real(fd), error = errno;
    if (done == 0 && !getenv("POWER_IGNORE")) {
        pthread_mutex_lock(&alone);
        record('S', path, before, 0, NULL, 0);
        pthread_mutex_unlock(&alone);
    }
    errno = error;
    return done;
}
int fsync(int fd) { REAL(fsync); return synced(fd, real); }
int fdatasync(int fd) { REAL(fdatasync); return synced(fd, real); }

static int opened(const char *path, int flags, mode_t mode, int (*real)(const char *, int, ...)) {
    struct stat is;
    if (!(flags & (O_CREAT | O_TRUNC)) || !inside(path)) return real(path, flags, mode);
    pthread_mutex_lock(&alone);
    int there = stat(path, &is) == 0;
    if (there && (flags & O_TRUNC) && is.st_size > 0) {
        int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
        if (fd >= 0) {
            record_bytes('T', fd, path, 0, 0, SIZE_MAX);
            syscall(SYS_close, fd);
        }
    }
    if (!there && (flags & O_CREAT)) record('C', path, 0, 0, NULL, 0);
    int fd = real(path, flags, mode), error = errno;
    pthread_mutex_unlock(&alone);
    errno = error;
    return fd;
}
#define MODE va_list more; va_start(more, flags); mode_t mode = va_arg(more, mode_t); va_end(more)
int open64(const char *path, int flags, ...) { REAL(open64); MODE; return opened(path, flags, mode, real); }
int open(const char *path, int flags, ...) { REAL(open); MODE; return opened(path, flags, mode, real); }

int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    struct stat is;
    pthread_mutex_lock(&alone);
    if (inside(path) && stat(path, &is) != 0) record('D', path, 0, 0, NULL, 0);
    int done = real(path, mode), error = errno;
    pthread_mutex_unlock(&alone);
    errno = error;
    return done;
}

int rename(const char *from, const char *to) {
    REAL(rename);
    pthread_mutex_lock(&alone);
    if (inside(to)) {
        keep(to);
        record('R', from, 0, 0, to, strlen(to));
    }
    int done = real(from, to), error = errno;
    pthread_mutex_unlock(&alone);
    errno = error;
    return done;
}

int unlink(const char *path) {
    REAL(unlink);
    pthread_mutex_lock(&alone);
    if (inside(path)) keep(path);
    int done = real(path), error = errno;
    pthread_mutex_unlock(&alone);
    errno = error;
    return done;
}
