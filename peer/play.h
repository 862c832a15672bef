/* Plays the steps of a reply on a connection. */
#ifndef BELUGA_PEER_PLAY_H
#define BELUGA_PEER_PLAY_H

#include "peer/conn.h"

typedef enum play_result { PLAY_WAITS, PLAY_DONE, PLAY_CLOSES } play_result;

play_result peer__play(conn *c);

#endif
