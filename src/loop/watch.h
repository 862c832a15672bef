/* A descriptor that a loop watches. */
#ifndef BELUGA__WATCH_H
#define BELUGA__WATCH_H

enum { BELUGA__POLL_READ = 1, BELUGA__POLL_WRITE = 2, BELUGA__POLL_ERROR = 4 };

/* The loop calls `ready` as long as the descriptor is ready for what is watched for. */
typedef struct beluga__watch {
    int fd;
    void (*ready)(struct beluga__watch *watch, int events);
} beluga__watch;

#endif
