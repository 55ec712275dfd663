// SPDX-License-Identifier: GPL-2.0-only
/*
 * udp send ADDRESS PORT MILLISECONDS   sends 64-byte frames as fast as it can; prints how many
 * udp receive PORT                     counts what comes until 100 ms of silence; prints how many
 *                                      and over how many nanoseconds
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#define BATCH		    64
/* 64 bytes on the wire are 14 Ethernet, 20 IP, 8 UDP, these, and a checksum of 4. */
#define PAYLOAD_SIZE	    18
#define RECEIVE_BUFFER_SIZE (16 << 20)

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static struct sockaddr_in address_of(const char *host, const char *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };

	if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
		die(host);
	return address;
}

static void prepare(struct mmsghdr *messages, struct iovec *parts, char *bytes)
{
	for (int i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){ .iov_base = bytes + i * PAYLOAD_SIZE,
					   .iov_len = PAYLOAD_SIZE };
		messages[i] =
			(struct mmsghdr){ .msg_hdr = { .msg_iov = &parts[i], .msg_iovlen = 1 } };
	}
}

static int send_datagrams(struct sockaddr_in to, int milliseconds)
{
	static char bytes[BATCH * PAYLOAD_SIZE];
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	long long end = now_ns() + milliseconds * 1000000LL;
	long long sent = 0;

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		die("connect");
	prepare(messages, parts, bytes);
	while (now_ns() < end) {
		int count = sendmmsg(fd, messages, BATCH, 0);

		if (count > 0)
			sent += count;
		else if (errno != ENOBUFS && errno != EAGAIN && errno != ECONNREFUSED)
			die("sendmmsg");
	}
	printf("%lld\n", sent);
	return 0;
}

static int listen_on(struct sockaddr_in address, long patience_us)
{
	struct timeval patience = { .tv_sec = patience_us / 1000000,
				    .tv_usec = patience_us % 1000000 };
	int size = RECEIVE_BUFFER_SIZE;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)))
		die("receive");
	return fd;
}

static int receive_datagrams(struct sockaddr_in address)
{
	static char bytes[BATCH * PAYLOAD_SIZE];
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	struct timeval silence = { .tv_usec = 100000 };
	long long received = 0, first = 0, last = 0;
	int fd = listen_on(address, 5000000);

	prepare(messages, parts, bytes);
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		int count = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);

		if (count <= 0)
			break;
		last = now_ns();
		/* The first batch starts the clock and is not counted. */
		if (first) {
			received += count;
			continue;
		}
		first = last;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof(silence));
	}
	printf("%lld %lld\n", received, last - first);
	return received == 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "send"))
		return send_datagrams(address_of(argv[2], argv[3]), atoi(argv[4]));
	if (argc == 3 && !strcmp(argv[1], "receive"))
		return receive_datagrams(address_of("0.0.0.0", argv[2]));
	fprintf(stderr, "usage: udp send ADDRESS PORT MILLISECONDS | udp receive PORT\n");
	return 2;
}
