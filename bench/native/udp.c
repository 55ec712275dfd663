// SPDX-License-Identifier: GPL-2.0-only
/*
 * udp send ADDRESS PORT MILLISECONDS   sends 64-byte frames as fast as it can; prints how many
 * udp receive PORT                     counts what comes until 100 ms of silence; prints how many
 *                                      and over how many nanoseconds
 * udp pace ADDRESS PORT FRAMES         sends so many a second until SIGTERM; prints how many
 * udp count PORT                       counts what comes until 5 s of silence; prints how many
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
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

static volatile sig_atomic_t is_over;

static void end(int signal)
{
	(void)signal;
	is_over = 1;
}

/* What is due is sent once a millisecond; who was kept from the CPU catches up. */
static int send_paced(struct sockaddr_in to, long long per_second)
{
	static const char bytes[PAYLOAD_SIZE];
	const struct timespec pause = { .tv_nsec = 1000000 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	long long start = now_ns();
	long long sent = 0;

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		die("connect");
	signal(SIGTERM, end);
	while (!is_over) {
		while (sent < (now_ns() - start) * per_second / 1000000000LL)
			if (send(fd, bytes, sizeof(bytes), 0) > 0)
				sent++;
		nanosleep(&pause, NULL);
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

static int count_datagrams(struct sockaddr_in address)
{
	char bytes[PAYLOAD_SIZE];
	long long received = 0;
	int fd = listen_on(address, 5000000);

	printf("ready\n");
	fflush(stdout);
	while (recv(fd, bytes, sizeof(bytes), 0) > 0)
		received++;
	printf("%lld\n", received);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "send"))
		return send_datagrams(address_of(argv[2], argv[3]), atoi(argv[4]));
	if (argc == 3 && !strcmp(argv[1], "receive"))
		return receive_datagrams(address_of("0.0.0.0", argv[2]));
	if (argc == 5 && !strcmp(argv[1], "pace"))
		return send_paced(address_of(argv[2], argv[3]), atoi(argv[4]));
	if (argc == 3 && !strcmp(argv[1], "count"))
		return count_datagrams(address_of("0.0.0.0", argv[2]));
	fprintf(stderr, "usage: udp send|pace ADDRESS PORT NUMBER | udp receive|count PORT\n");
	return 2;
}
