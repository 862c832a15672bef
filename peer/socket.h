/* Functions for closing sockets. */
#ifndef BELUGA_PEER_SOCKET_H
#define BELUGA_PEER_SOCKET_H

/* Make a later close reset the connection (RST). */
void peer__socket_reset_on_close(int fd);
/* Read and drop pending input, because close() with unread input sends an RST instead of a FIN. */
void peer__socket_drain(int fd);

#endif
