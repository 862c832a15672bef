#include "terminal/tty.h"

#include "output.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define MARK_PASTES   "\033[?2004h"
#define UNMARK_PASTES "\033[?2004l"

static const int watched[] = {SIGINT, SIGTSTP, SIGCONT, SIGWINCH, SIGTERM, SIGHUP, SIGQUIT};
#define N_WATCHED (sizeof watched / sizeof *watched)

static struct {
    int out;
    struct termios before;
    struct sigaction actions[N_WATCHED]; /* previous handlers */
    sigset_t mask;                       /* previous signal mask */
    size_t ahead; /* number of unread bytes that were typed before tty_take */
} tty;

static volatile sig_atomic_t came[N_WATCHED];

/* ---- signals --------------------------------------------------------------------------------- */

static void on_signal(int number)
{
    for (size_t i = 0; i < N_WATCHED; i++)
        if (watched[i] == number) came[i] = 1;
}

/* Install handlers for the signals. They are unblocked only while tty_read waits, so that no signal
 * is lost between two waits. */
static void watch_signals(void)
{
    sigset_t all;
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigemptyset(&all);
    for (size_t i = 0; i < N_WATCHED; i++) sigaddset(&all, watched[i]);
    sigprocmask(SIG_BLOCK, &all, &tty.mask);
    sigdelset(&tty.mask, SIGINT); /* line.c blocks it until a handler here can receive it */
    for (size_t i = 0; i < N_WATCHED; i++) {
        came[i] = 0;
        sigaction(watched[i], NULL, &tty.actions[i]);
        if (tty.actions[i].sa_handler != SIG_IGN) sigaction(watched[i], &action, NULL);
    }
}

static void unwatch_signals(void)
{
    for (size_t i = 0; i < N_WATCHED; i++) sigaction(watched[i], &tty.actions[i], NULL);
    sigprocmask(SIG_SETMASK, &tty.mask, NULL);
}

/* ---- the mode -------------------------------------------------------------------------------- */

static int set_mode(void)
{
    struct termios raw = tty.before;
    raw.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INLCR | IGNCR | ISTRIP | IXON);
    raw.c_oflag |= OPOST | ONLCR;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN | ISIG);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    return tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

void tty_mark_pastes(bool on)
{
    const char *sequence = on ? MARK_PASTES : UNMARK_PASTES;
    out_drawn(tty.out, sequence, strlen(sequence));
    out_flush();
}

int tty_take(int out)
{
    int typed = 0;
    tty.out = out;
    if (tcgetattr(STDIN_FILENO, &tty.before) != 0) return -1;
    watch_signals();
    if (set_mode() != 0) {
        unwatch_signals();
        return -1;
    }
    tty.ahead = ioctl(STDIN_FILENO, FIONREAD, &typed) == 0 && typed > 0 ? (size_t)typed : 0;
    return 0;
}

void tty_give_back(void)
{
    tcsetattr(STDIN_FILENO, TCSADRAIN, &tty.before);
    unwatch_signals();
}

void tty_suspend(void)
{
    tty_give_back();
    kill(0, SIGTSTP);
    tty_take(tty.out);
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool take_signal(int number)
{
    for (size_t i = 0; i < N_WATCHED; i++) {
        if (watched[i] != number || !came[i]) continue;
        came[i] = 0;
        return true;
    }
    return false;
}

static void end_by_signal(void)
{
    static const int deadly[] = {SIGTERM, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++) {
        if (!take_signal(deadly[i])) continue;
        tty_mark_pastes(false);
        tty_give_back();
        raise(deadly[i]);
        tty_take(tty.out);
    }
}

/* Handle the signals that have arrived. @return the event for the reader; TTY_BYTES if there is
 * none. */
static tty_event take_signals(void)
{
    end_by_signal();
    if (take_signal(SIGTSTP)) return TTY_STOPPED;
    if (take_signal(SIGCONT)) return set_mode() == 0 ? TTY_RESUMED : TTY_END;
    if (take_signal(SIGWINCH)) return TTY_RESIZED;
    return take_signal(SIGINT) ? TTY_INTERRUPTED : TTY_BYTES;
}

/* Translate bytes that were typed while the terminal was in line mode. In this mode it turned Enter
 * into a newline, and Ctrl-D into a NUL. */
static void translate_ahead(char *bytes, size_t n)
{
    for (size_t i = 0; i < n && tty.ahead; i++, tty.ahead--) {
        if (bytes[i] == '\n') bytes[i] = '\r';
        if (bytes[i] == '\0') bytes[i] = '\004';
    }
}

tty_event tty_read(char *bytes, size_t *n)
{
    for (;;) {
        struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
        tty_event event = take_signals();
        if (event != TTY_BYTES) return event;
        if (ppoll(&in, 1, NULL, &tty.mask) < 0 && errno != EINTR) return TTY_END;
        if (!in.revents) continue;
        ssize_t got = read(STDIN_FILENO, bytes, *n);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (got <= 0) return TTY_END;
        translate_ahead(bytes, (size_t)got);
        *n = (size_t)got;
        return TTY_BYTES;
    }
}

bool tty_is_ready(void)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&in, 1, 0) > 0;
}

size_t tty_read_ready(char *bytes, size_t n)
{
    ssize_t got = n && tty_is_ready() ? read(STDIN_FILENO, bytes, n) : 0;
    if (got <= 0) return 0;
    translate_ahead(bytes, (size_t)got);
    return (size_t)got;
}
