/** Datagrams between machines, over whatever network they have. IPv4 addresses are written as IPv6 does it. Local; nothing waits. */
#ifndef DNN_COMM_DATAGRAM_H
#define DNN_COMM_DATAGRAM_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

typedef struct endpoint {
    struct in6_addr address;
    uint16_t port; /**< 0: none */
} endpoint;

/** A socket at a free port of all of this machine's addresses; -1: none can be had. */
int datagram_open(uint16_t *port);
/** Addresses other machines may find this one at, at most `room`; its own loopback where there is no other. */
int datagram_addresses(struct in6_addr *out, int room);
void datagram_send(int socket, const endpoint *to, const void *data, size_t bytes);
/** Bytes of the next datagram that has come, at most `room`; 0: there is none. */
size_t datagram_receive(int socket, endpoint *from, void *data, size_t room);

#endif
