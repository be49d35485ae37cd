/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL's functions. Programs that load libssl privately (Python's _ssl does) still find ours
 * first; the real ones are then in no library behind us, but in what the caller itself depends on.
 * Several libssl may live in one process, so it is always the caller who decides which is meant.
 */
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stddef.h>

#include "tap/preload/preload.h"

enum tls_function { TLS_READ, TLS_READ_EX, TLS_WRITE, TLS_WRITE_EX, TLS_FREE, TLS_GET_FD, TLS_N };
enum { CALLERS_MAX = 128 };

static const char *const names[TLS_N] = {"SSL_read",     "SSL_read_ex", "SSL_write",
                                         "SSL_write_ex", "SSL_free",    "SSL_get_fd"};

typedef int read_fn(void *ssl, void *data, int length);
typedef int read_ex_fn(void *ssl, void *data, size_t length, size_t *done);
typedef int write_fn(void *ssl, const void *data, int length);
typedef int write_ex_fn(void *ssl, const void *data, size_t length, size_t *done);
typedef void free_fn(void *ssl);
typedef int get_fd_fn(const void *ssl);

BENCH_API int SSL_read(void *ssl, void *data, int length);
BENCH_API int SSL_read_ex(void *ssl, void *data, size_t length, size_t *done);
BENCH_API int SSL_write(void *ssl, const void *data, int length);
BENCH_API int SSL_write_ex(void *ssl, const void *data, size_t length, size_t *done);
BENCH_API void SSL_free(void *ssl);

/* Places in the program's code that call us, and what they mean. */
struct caller {
    _Atomic(void *) address;
    _Atomic(void *) real[TLS_N];
};

static struct caller callers[CALLERS_MAX];

static void *in_scope_of(void *address, const char *name)
{
    Dl_info info;
    void *any = NULL, *handle, *real = NULL;
    const struct link_map *map;

    if (dladdr1(address, &info, &any, RTLD_DL_LINKMAP) != 0 && any) {
        map = any;
        handle =
            map->l_name && map->l_name[0] ? dlopen(map->l_name, RTLD_LAZY | RTLD_NOLOAD) : NULL;
        /* The handle is kept: what was found in it must stay. */
        real = handle ? dlsym(handle, name) : NULL;
    }
    return real;
}

static void *find(void *address, enum tls_function which)
{
    static const char *const libraries[] = {"libssl.so.3", "libssl.so.1.1"};
    void *real = in_scope_of(address, names[which]);

    if (!real)
        real = dlsym(RTLD_NEXT, names[which]);
    for (size_t i = 0; !real && i < BENCH_COUNT_OF(libraries); i++) {
        void *handle = dlopen(libraries[i], RTLD_LAZY | RTLD_NOLOAD);

        real = handle ? dlsym(handle, names[which]) : NULL;
    }
    return real;
}

static struct caller *caller_of(void *address)
{
    size_t first = ((uintptr_t)address >> 2) % CALLERS_MAX;

    for (size_t i = 0; i < CALLERS_MAX; i++) {
        struct caller *caller = &callers[(first + i) % CALLERS_MAX];
        void *none = NULL;

        if (atomic_load_explicit(&caller->address, memory_order_acquire) == address ||
            atomic_compare_exchange_strong(&caller->address, &none, address) || none == address)
            return caller;
    }
    return NULL;
}

/* NULL: there is none, which can only be for a function that the program could not have called. */
static void *real_for(void *address, enum tls_function which)
{
    struct caller *caller = caller_of(address);
    void *real = caller ? atomic_load_explicit(&caller->real[which], memory_order_acquire) : NULL;

    if (!real) {
        int saved = errno;

        real = find(address, which);
        if (caller)
            atomic_store_explicit(&caller->real[which], real, memory_order_release);
        errno = saved;
    }
    return real;
}

static bool begins(struct tap_use *use, void *ssl, void *address, bool sends)
{
    if (!tap_setup.active || !ssl)
        return false;
    return tap_tls_begins(use, ssl, (get_fd_fn *)real_for(address, TLS_GET_FD), sends);
}

int SSL_read(void *ssl, void *data, int length)
{
    void *caller = __builtin_return_address(0);
    read_fn *real = (read_fn *)real_for(caller, TLS_READ);
    struct iovec piece = {data, length > 0 ? (size_t)length : 0};
    struct tap_use use;
    int result;

    if (!real)
        return -1;
    if (!begins(&use, ssl, caller, false))
        return real(ssl, data, length);
    result = real(ssl, data, length);
    tap_call_ended(&use, &piece, 1, result);
    return result;
}

int SSL_read_ex(void *ssl, void *data, size_t length, size_t *done)
{
    void *caller = __builtin_return_address(0);
    read_ex_fn *real = (read_ex_fn *)real_for(caller, TLS_READ_EX);
    struct iovec piece = {data, length};
    struct tap_use use;
    int result;

    if (!real)
        return 0;
    if (!begins(&use, ssl, caller, false))
        return real(ssl, data, length, done);
    result = real(ssl, data, length, done);
    tap_call_ended(&use, &piece, 1, result > 0 && done ? (ssize_t)*done : 0);
    return result;
}

int SSL_write(void *ssl, const void *data, int length)
{
    void *caller = __builtin_return_address(0);
    write_fn *real = (write_fn *)real_for(caller, TLS_WRITE);
    union {
        const void *in;
        void *out;
    } address = {.in = data};
    struct iovec piece = {address.out, length > 0 ? (size_t)length : 0};
    struct tap_use use;
    int result;

    if (!real)
        return -1;
    if (!begins(&use, ssl, caller, true))
        return real(ssl, data, length);
    result = real(ssl, data, length);
    tap_call_ended(&use, &piece, 1, result);
    return result;
}

int SSL_write_ex(void *ssl, const void *data, size_t length, size_t *done)
{
    void *caller = __builtin_return_address(0);
    write_ex_fn *real = (write_ex_fn *)real_for(caller, TLS_WRITE_EX);
    union {
        const void *in;
        void *out;
    } address = {.in = data};
    struct iovec piece = {address.out, length};
    struct tap_use use;
    int result;

    if (!real)
        return 0;
    if (!begins(&use, ssl, caller, true))
        return real(ssl, data, length, done);
    result = real(ssl, data, length, done);
    tap_call_ended(&use, &piece, 1, result > 0 && done ? (ssize_t)*done : 0);
    return result;
}

void SSL_free(void *ssl)
{
    free_fn *real = (free_fn *)real_for(__builtin_return_address(0), TLS_FREE);

    if (ssl)
        tap_tls_gone(ssl);
    if (real)
        real(ssl);
}
