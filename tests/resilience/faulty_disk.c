/* A disk that fails or is slow, for the programs that load this library with LD_PRELOAD.

   FAULTY_FOLDER   files below it are on that disk
   FAULTY_COUNTER  a file of 16 bytes: operations until now, and those that failed; shared by processes
   FAULTY_KIND     write, sync or read: operations that are counted
   FAULTY_FROM     the first operation that fails, counted from 0
   FAULTY_TIMES    how many fail; 0: all from then on
   FAULTY_SLEEP    microseconds that each takes longer */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *folder, *kind;
static uint64_t *counter;
static uint64_t first, times;
static useconds_t delay;

__attribute__((constructor)) static void begin(void) {
    const char *file = getenv("FAULTY_COUNTER");
    folder = getenv("FAULTY_FOLDER");
    kind = getenv("FAULTY_KIND");
    if (!file || !folder || !kind) return;
    int descriptor = open(file, O_RDWR);
    if (descriptor < 0) return;
    void *memory = mmap(NULL, 16, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    close(descriptor);
    if (memory == MAP_FAILED) return;
    first = getenv("FAULTY_FROM") ? strtoull(getenv("FAULTY_FROM"), NULL, 10) : UINT64_MAX;
    times = getenv("FAULTY_TIMES") ? strtoull(getenv("FAULTY_TIMES"), NULL, 10) : 0;
    delay = getenv("FAULTY_SLEEP") ? strtoul(getenv("FAULTY_SLEEP"), NULL, 10) : 0;
    counter = memory;
}

static int fails(int descriptor, const char *what) {
    char link[64], path[4096];
    if (!counter || strcmp(what, kind)) return 0;
    int saved = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = saved;
    if (length < 0) return 0;
    path[length] = 0;
    if (strncmp(path, folder, strlen(folder))) return 0;
    if (delay) usleep(delay);
    uint64_t number = __atomic_fetch_add(&counter[0], 1, __ATOMIC_SEQ_CST);
    if (number < first || (times && number >= first + times)) return 0;
    __atomic_fetch_add(&counter[1], 1, __ATOMIC_SEQ_CST);
    errno = EIO;
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *from, size_t size) {
    return fails(fd, "write") ? -1 : REAL(write)(fd, from, size);
}
ssize_t pwrite(int fd, const void *from, size_t size, off_t at) {
    return fails(fd, "write") ? -1 : REAL(pwrite)(fd, from, size, at);
}
ssize_t pwrite64(int fd, const void *from, size_t size, off64_t at) {
    return fails(fd, "write") ? -1 : REAL(pwrite64)(fd, from, size, at);
}
ssize_t writev(int fd, const struct iovec *from, int count) {
    return fails(fd, "write") ? -1 : REAL(writev)(fd, from, count);
}
int fsync(int fd) { return fails(fd, "sync") ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return fails(fd, "sync") ? -1 : REAL(fdatasync)(fd); }
ssize_t read(int fd, void *into, size_t size) {
    return fails(fd, "read") ? -1 : REAL(read)(fd, into, size);
}
ssize_t pread(int fd, void *into, size_t size, off_t at) {
    return fails(fd, "read") ? -1 : REAL(pread)(fd, into, size, at);
}
ssize_t pread64(int fd, void *into, size_t size, off64_t at) {
    return fails(fd, "read") ? -1 : REAL(pread64)(fd, into, size, at);
}
