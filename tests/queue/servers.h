/*
 * NATS servers on loopback: a single one, or a cluster of three, with JetStream in separate
 * folders. They are the pinned version of scripts/nats-server, or the system's.
 */
#ifndef TESTS_QUEUE_SERVERS_H
#define TESTS_QUEUE_SERVERS_H

#include "support/folder.h"

#include <stdbool.h>
#include <sys/types.h>

#define SERVERS_MAX 3

typedef struct servers {
    char program[512], folder[FOLDER_BYTES];
    int count;
    int ports[SERVERS_MAX], routes[SERVERS_MAX];
    pid_t pids[SERVERS_MAX];
    bool syncs;  /* each write is on disk before it is confirmed */
    bool is_new; /* the pinned version */
    char extra[1024];
} servers;

/* Start the servers, with `extra` in the configuration of each; NULL: nothing. Skips the case if no
 * server is installed. A teardown stops them. */
void servers_start(servers *s, int count, const char *extra);
/* Start servers whose confirmed writes are on disk. Skips the case if the server is too old for
 * that. */
void servers_start_durable(servers *s, int count);
void servers_stop(servers *s);

/* Kill a server as a power cut would, or start a killed one again. */
void servers_kill(servers *s, int index);
void servers_start_again(servers *s, int index);

/* Replace `extra`, for servers that are started again. */
void servers_configure_again(servers *s, const char *extra);

/* Write "nats://HOST[,HOST…]/JOB?query"; `query` may be NULL. @return `text`. */
const char *servers_address(const servers *s, const char *job, const char *query, char *text,
                            size_t size);

/* Wait until a port accepts connections. @return false after ten seconds. */
bool servers_wait_for_port(int port);

/* The servers of a case that does not share them: a setup forgets those of the previous case, a
 * teardown stops them. */
extern servers nats;
int nats_set_up(void **state);
int nats_tear_down(void **state);
/* @return the address of a job or a bucket at these servers, valid until the next call. */
const char *nats_at(const char *job, const char *query);

/* @return a port of loopback that is free at present. */
int servers_free_port(void);

#endif
