#include "tls.h"

#include "base/mem.h"
#include "base/must.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

enum { RECORD_MAX = 16384 };

struct tls_context {
    SSL_CTX *ssl; /* owned */
};

struct tls {
    SSL *ssl; /* owned */
    bool open;
    bool broken; /* after a fatal error nothing more may be said */
    bool wants_write;
};

/* ---- the context ---- */

/* The first of OpenSSL's reasons as text: what went wrong; those behind it say where. */
static const char *reason(void)
{
    unsigned long error = ERR_peek_error();
    if (ERR_SYSTEM_ERROR(error)) return strerror(ERR_GET_REASON(error));
    const char *text = ERR_reason_error_string(error);
    return text == NULL ? "unknown reason" : text;
}

static bool fail(char *why, const char *setting, const char *value)
{
    (void)snprintf(why, TLS_ERROR, "%s %.200s: %.150s", setting, value, reason());
    return false;
}

static bool set_protocols(SSL_CTX *ssl, const char *text, char *why)
{
    bool v12 = false, v13 = false;
    struct slice rest = slice_of(text), word = {0};
    while (slice_cut(&rest, ' ', &word)) {
        if (word.len == 0) continue;
        bool is12 = slice_word(word, "TLSv1.2"), is13 = slice_word(word, "TLSv1.3");
        if (!is12 && !is13) {
            (void)snprintf(why, TLS_ERROR, "tls-protocols %.200s: TLSv1.2 and TLSv1.3 are known",
                           text);
            return false;
        }
        v12 |= is12;
        v13 |= is13;
    }
    if (!v12 && !v13) v12 = v13 = true;
    must(SSL_CTX_set_min_proto_version(ssl, v12 ? TLS1_2_VERSION : TLS1_3_VERSION) == 1);
    must(SSL_CTX_set_max_proto_version(ssl, v13 ? TLS1_3_VERSION : TLS1_2_VERSION) == 1);
    return true;
}

static int give_password(char *to, int size, int writing, void *data)
{
    (void)writing;
    const char *password = data;
    size_t n = strlen(password);
    if (n > (size_t)size) return -1;
    memcpy(to, password, n);
    return (int)n;
}

static bool set_certificate(SSL_CTX *ssl, const struct config *c, char *why)
{
    if (c->tls_cert_file[0] == '\0' || c->tls_key_file[0] == '\0') {
        (void)snprintf(why, TLS_ERROR, "tls-port needs tls-cert-file and tls-key-file");
        return false;
    }
    SSL_CTX_set_default_passwd_cb(ssl, give_password);
    SSL_CTX_set_default_passwd_cb_userdata(ssl, c->tls_key_file_pass);
    if (SSL_CTX_use_certificate_chain_file(ssl, c->tls_cert_file) != 1)
        return fail(why, "tls-cert-file", c->tls_cert_file);
    if (SSL_CTX_use_PrivateKey_file(ssl, c->tls_key_file, SSL_FILETYPE_PEM) != 1)
        return fail(why, "tls-key-file", c->tls_key_file);
    if (SSL_CTX_check_private_key(ssl) != 1) return fail(why, "tls-key-file", c->tls_key_file);
    return true;
}

/* Whose certificates clients may bring. */
static bool set_clients(SSL_CTX *ssl, const struct config *c, char *why)
{
    static const int modes[] = {[TLS_AUTH_NO] = SSL_VERIFY_NONE,
                                [TLS_AUTH_YES] = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                                [TLS_AUTH_OPTIONAL] = SSL_VERIFY_PEER};
    const char *file = c->tls_ca_cert_file[0] == '\0' ? NULL : c->tls_ca_cert_file;
    const char *dir = c->tls_ca_cert_dir[0] == '\0' ? NULL : c->tls_ca_cert_dir;
    SSL_CTX_set_verify(ssl, modes[c->tls_auth_clients], NULL);
    if (file == NULL && dir == NULL) {
        if (c->tls_auth_clients == TLS_AUTH_NO) return true;
        (void)snprintf(why, TLS_ERROR,
                       "tls-auth-clients needs tls-ca-cert-file or tls-ca-cert-dir (or no)");
        return false;
    }
    if (SSL_CTX_load_verify_locations(ssl, file, dir) != 1)
        return fail(why, "tls-ca-cert-file", file != NULL ? file : dir);
    if (file != NULL) SSL_CTX_set_client_CA_list(ssl, SSL_load_client_CA_file(file));
    return true;
}

static bool set_ciphers(SSL_CTX *ssl, const struct config *c, char *why)
{
    if (c->tls_ciphers[0] != '\0' && SSL_CTX_set_cipher_list(ssl, c->tls_ciphers) != 1)
        return fail(why, "tls-ciphers", c->tls_ciphers);
    if (c->tls_ciphersuites[0] != '\0' && SSL_CTX_set_ciphersuites(ssl, c->tls_ciphersuites) != 1)
        return fail(why, "tls-ciphersuites", c->tls_ciphersuites);
    return true;
}

struct tls_context *tls_context_new(const struct config *c, char why[static TLS_ERROR])
{
    struct tls_context *x = mem_new(struct tls_context);
    ERR_clear_error();
    x->ssl = SSL_CTX_new(TLS_server_method());
    must(x->ssl != NULL);
    (void)SSL_CTX_set_options(x->ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    (void)SSL_CTX_set_mode(x->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                       SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                       SSL_MODE_RELEASE_BUFFERS);
    must(SSL_CTX_set_session_id_context(x->ssl, (const unsigned char *)"hansom-store", 12) == 1);
    if (set_protocols(x->ssl, c->tls_protocols, why) && set_certificate(x->ssl, c, why) &&
        set_clients(x->ssl, c, why) && set_ciphers(x->ssl, c, why))
        return x;
    tls_context_free(x);
    return NULL;
}

void tls_context_free(struct tls_context *x)
{
    if (x == NULL) return;
    SSL_CTX_free(x->ssl);
    mem_free(x);
}

/* ---- a connection ---- */

struct tls *tls_new(struct tls_context *x, int fd)
{
    SSL *ssl = SSL_new(x->ssl);
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    struct tls *t = mem_new(struct tls);
    t->ssl = ssl;
    return t;
}

void tls_free(struct tls *t)
{
    if (t == NULL) return;
    ERR_clear_error();
    if (t->open && !t->broken) (void)SSL_shutdown(t->ssl);
    SSL_free(t->ssl);
    mem_free(t);
}

bool tls_is_open(const struct tls *t)
{
    return t->open;
}

bool tls_wants_write(const struct tls *t)
{
    return t->wants_write;
}

/* What a call that gave `result` means: 1 done, 0 the other side has ended, -1 with errno. */
static int outcome(struct tls *t, int result)
{
    t->wants_write = false;
    if (result > 0) return 1;
    int broken_by = errno;
    switch (SSL_get_error(t->ssl, result)) {
    case SSL_ERROR_WANT_WRITE:
        t->wants_write = true;
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_WANT_READ:
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_SYSCALL:
        t->broken = true;
        errno = broken_by == 0 || broken_by == EAGAIN ? ECONNRESET : broken_by;
        return -1;
    default:
        t->broken = true;
        errno = EPROTO;
        return -1;
    }
}

enum tls_step tls_handshake(struct tls *t, char why[static TLS_ERROR])
{
    ERR_clear_error();
    errno = 0;
    int got = outcome(t, SSL_accept(t->ssl));
    t->open = got == 1;
    if (t->open) return TLS_OPEN;
    if (got < 0 && errno == EAGAIN) return TLS_AGAIN;
    bool by_ssl = ERR_peek_last_error() != 0;
    (void)snprintf(why, TLS_ERROR, "%.300s",
                   by_ssl     ? reason()
                   : got == 0 ? "ended in the handshake"
                              : strerror(errno));
    return TLS_FAILED;
}

/* A read gives one record; a busy client has many in the socket. */
ssize_t tls_read(struct tls *t, char *to, size_t n)
{
    size_t all = 0;
    must(n >= RECORD_MAX);
    while (n - all >= RECORD_MAX) {
        ERR_clear_error();
        errno = 0;
        size_t room = n - all > INT32_MAX ? INT32_MAX : n - all;
        int got = SSL_read(t->ssl, to + all, (int)room);
        int what = outcome(t, got);
        if (what != 1) return all > 0 ? (ssize_t)all : what;
        all += (size_t)got;
    }
    return (ssize_t)all;
}

ssize_t tls_send(struct tls *t, const char *from, size_t n)
{
    ERR_clear_error();
    errno = 0;
    int put = SSL_write(t->ssl, from, n > INT32_MAX ? INT32_MAX : (int)n);
    int what = outcome(t, put);
    if (what == 1) return put;
    if (what == 0) errno = EPIPE;
    return -1;
}
