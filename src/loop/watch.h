/* A file descriptor that a loop watches. */
#ifndef BELUGA__WATCH_H
#define BELUGA__WATCH_H

enum { BELUGA__POLL_READ = 1, BELUGA__POLL_WRITE = 2, BELUGA__POLL_ERROR = 4 };

/* The loop calls `ready` as long as one of the watched events is ready. */
typedef struct beluga__watch {
    int fd;
    void (*ready)(struct beluga__watch *watch, int events);
} beluga__watch;

#endif
