/* Closing sockets. */
#ifndef BELUGA_PEER_SOCKET_H
#define BELUGA_PEER_SOCKET_H

/* Let a close reset the connection (RST). */
void peer__socket_reset_on_close(int fd);
/* Unread input would turn the FIN of a close into an RST: read it. */
void peer__socket_drain(int fd);

#endif
