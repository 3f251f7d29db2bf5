/* spawn: real servers for tests: started on a free port in a folder of their own, waited for,
 * and killed by pid.
 *
 * Everything dies with the test: a child is killed by the kernel when the process that started
 * it ends. Nothing here sleeps a fixed time; what is waited for is polled, with a limit, and a
 * limit that passes fails the test.
 */
#ifndef HANSOM_TESTS_SPAWN_H
#define HANSOM_TESTS_SPAWN_H

#include "base/buf.h"

#include <sys/types.h>

/* A port of 127.0.0.1 that nobody listened on a moment ago. */
uint16_t spawn_free_port(void);

/* A new folder under TMPDIR or /tmp; free the name with mem_free. */
char *spawn_temp_dir(void);

/* Removes a folder with everything in it. */
void spawn_remove_dir(const char *dir);

/* Polls fn every few milliseconds until it gives true; false after limit_ms. */
bool spawn_wait(bool (*fn)(void *data), void *data, int limit_ms);

/* --- any program --- */

struct program {
    pid_t pid;  /* 0 when it does not run */
    int out_fd; /* its standard output */
    int err_fd; /* its standard error */
    struct buf out;
    struct buf err;
};

/* Runs argv[0] (found in PATH) with these arguments; NULL ends them. */
void program_start(struct program *p, const char *const *argv);

/* Reads until a whole line of standard output holds `text`, and gives that line (borrowed until
 * the next call) without its end. Fails the test after limit_ms or at the end of output. */
struct slice program_wait_line(struct program *p, const char *text, int limit_ms);

void program_signal(const struct program *p, int signal_number);

/* Waits for its end and collects all output. Returns its exit code, or 128 + the signal. */
int program_wait(struct program *p, int limit_ms);

/* Kills it if it runs, and frees. */
void program_fini(struct program *p);

/* --- a store --- */

/* redis-server, or what the environment variable HANSOM_TEST_STORE names, on a port and a Unix
 * socket, with its data in a folder. */
struct test_store {
    struct program program;
    uint16_t port;
    char *dir; /* owned */
    char socket[120];
    char url[64]; /* redis://127.0.0.1:port */
    char password[64];
    bool durable;
};

/* Starts and waits until it answers. durable: appendonly yes, appendfsync always. password may
 * be NULL. */
void test_store_start(struct test_store *s, bool durable, const char *password);

/* Kills it (kill -9), keeping port and folder. */
void test_store_kill(struct test_store *s);

/* Starts it again after test_store_kill, and waits until it answers. */
void test_store_again(struct test_store *s);

void test_store_fini(struct test_store *s);

/* Sends one inline command over a connection of its own and gives the first line of the reply
 * (borrowed until the next call). */
struct slice test_store_ask(struct test_store *s, const char *inline_command);

/* --- raw TCP --- */

/* A blocking connection to 127.0.0.1:port; reads end after 10 s. */
int tcp_open(uint16_t port);
void tcp_send(int fd, struct slice bytes);

/* Reads until the text holds `until` (or, if NULL, until the other side closes); appends to out.
 * False at the end of the connection or after 10 s without it. */
bool tcp_read_until(int fd, const char *until, struct buf *out);

/* Reads one HTTP response with a Content-Length (or none) and gives its status; 0 at the end of
 * the connection. out is cleared first. */
int tcp_read_response(int fd, struct buf *out);

/* tcp_open, send, one response, close. */
int http_ask(uint16_t port, struct slice request, struct buf *out);

#endif
