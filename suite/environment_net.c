/* SPDX-License-Identifier: MIT */
/* How the machine's network is set, and the interfaces that matter. */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "bench/units.h"
#include "suite/environment.h"

static const struct {
    const char *name, *path;
} settings[] = {
    {"congestion control", "/proc/sys/net/ipv4/tcp_congestion_control"},
    {"somaxconn", "/proc/sys/net/core/somaxconn"},
#define SYSCTL(folder, name)                                                                       \
    {                                                                                              \
        name, "/proc/sys/net/" folder "/" name                                                     \
    }
    SYSCTL("ipv4", "tcp_rmem"),
    SYSCTL("ipv4", "tcp_wmem"),
    SYSCTL("ipv4", "tcp_max_syn_backlog"),
    SYSCTL("ipv4", "tcp_syncookies"),
    SYSCTL("ipv4", "tcp_tw_reuse"),
    SYSCTL("ipv4", "tcp_fin_timeout"),
    SYSCTL("ipv4", "tcp_autocorking"),
    SYSCTL("ipv4", "tcp_slow_start_after_idle"),
    SYSCTL("ipv4", "tcp_fastopen"),
    SYSCTL("ipv4", "tcp_timestamps"),
    SYSCTL("ipv4", "tcp_sack"),
    SYSCTL("ipv4", "tcp_window_scaling"),
    SYSCTL("ipv4", "tcp_moderate_rcvbuf"),
    SYSCTL("ipv4", "tcp_mtu_probing"),
    SYSCTL("ipv4", "tcp_limit_output_bytes"),
    SYSCTL("ipv4", "tcp_notsent_lowat"),
    SYSCTL("ipv4", "tcp_no_metrics_save"),
    SYSCTL("ipv4", "ip_local_port_range"),
    SYSCTL("core", "rmem_max"),
    SYSCTL("core", "wmem_max"),
    SYSCTL("core", "netdev_max_backlog"),
    SYSCTL("core", "busy_poll"),
    SYSCTL("core", "busy_read"),
#undef SYSCTL
};

/* ---- an interface ---- */

static void put_name(struct ifreq *request, const char *name)
{
    (void)snprintf(request->ifr_name, sizeof(request->ifr_name), "%s", name);
}

/* Those that are on; "" if it tells nothing. */
static void offloads(int fd, const char *interface, char *out, size_t size)
{
    static const struct {
        __u32 command;
        const char *name;
    } table[] = {
        {ETHTOOL_GTXCSUM, "tx-checksum"},
        {ETHTOOL_GRXCSUM, "rx-checksum"},
        {ETHTOOL_GSG, "sg"},
        {ETHTOOL_GTSO, "tso"},
        {ETHTOOL_GGSO, "gso"},
        {ETHTOOL_GGRO, "gro"},
    };
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < BENCH_COUNT_OF(table) && used < size; i++) {
        struct ethtool_value value = {.cmd = table[i].command};
        struct ifreq request = {.ifr_data = (char *)&value};
        put_name(&request, interface);
        if (ioctl(fd, SIOCETHTOOL, &request) == 0 && value.data != 0)
            used += (size_t)snprintf(out + used, size - used, " %s", table[i].name);
    }
}

/* The kind of discipline, if the message is about the root of that interface. */
static void read_kind(const struct nlmsghdr *message, int interface, char *out, size_t size)
{
    const struct tcmsg *tc = NLMSG_DATA(message);
    if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*tc)) || tc->tcm_ifindex != interface ||
        tc->tcm_parent != TC_H_ROOT)
        return;
    unsigned room = message->nlmsg_len - (unsigned)NLMSG_LENGTH(sizeof(*tc));
    const char *at = (const char *)(tc + 1);
    while (room >= sizeof(struct rtattr)) {
        const struct rtattr *a = (const struct rtattr *)(const void *)at;
        if (a->rta_len < sizeof(*a) || a->rta_len > room)
            return;
        if (a->rta_type == TCA_KIND) {
            (void)snprintf(out, size, "%.*s", (int)(a->rta_len - sizeof(*a)),
                           (const char *)(a + 1));
            return;
        }
        const unsigned step = RTA_ALIGN(a->rta_len);
        room = step < room ? room - step : 0;
        at += step;
    }
}

/* All answers in one datagram. True when nothing more will come. */
static bool scan_disciplines(const char *data, size_t length, int interface, char *out, size_t size)
{
    while (length >= sizeof(struct nlmsghdr)) {
        const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)data;
        if (message->nlmsg_type != RTM_NEWQDISC || message->nlmsg_len < sizeof(*message) ||
            message->nlmsg_len > length)
            return true; /* the end, or an error */
        read_kind(message, interface, out, size);
        const size_t step = NLMSG_ALIGN(message->nlmsg_len);
        length = step < length ? length - step : 0;
        data += step;
    }
    return false;
}

/* The interface's queueing discipline; "" if it cannot be asked for. */
static void discipline(int interface, char *out, size_t size)
{
    struct {
        struct nlmsghdr header;
        struct tcmsg tc;
    } request = {.header = {.nlmsg_len = sizeof(request),
                            .nlmsg_type = RTM_GETQDISC,
                            .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
                 .tc = {.tcm_family = AF_UNSPEC}};
    _Alignas(struct nlmsghdr) char answer[16384];
    out[0] = '\0';
    const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0)
        return;
    const struct timeval patience = {.tv_sec = 1};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    bool done = send(fd, &request, sizeof(request), 0) < 0;
    while (!done) {
        const ssize_t n = recv(fd, answer, sizeof(answer), 0);
        done = n <= 0 || scan_disciplines(answer, (size_t)n, interface, out, size);
    }
    (void)close(fd);
}

static void add_interface(const char *name, struct bench_facts *facts)
{
    char on[128], queue[32], fact[IFNAMSIZ + 16];
    struct ifreq request = {.ifr_mtu = 0};
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    put_name(&request, name);
    const int mtu = ioctl(fd, SIOCGIFMTU, &request) == 0 ? request.ifr_mtu : 0;
    offloads(fd, name, on, sizeof(on));
    (void)close(fd);
    discipline((int)if_nametoindex(name), queue, sizeof(queue));
    if (mtu == 0)
        return;
    (void)snprintf(fact, sizeof(fact), "interface %s", name);
    bench_facts_add(facts, fact, "MTU %d, offloads%s%s%s", mtu, on[0] != '\0' ? on : " none",
                    queue[0] != '\0' ? ", qdisc " : "", queue);
}

/* ---- which interfaces ---- */

static bool same_host(const struct sockaddr *a, const struct sockaddr *b)
{
    if (a == NULL || a->sa_family != b->sa_family)
        return false;
    if (a->sa_family == AF_INET)
        return memcmp(&((const struct sockaddr_in *)(const void *)a)->sin_addr,
                      &((const struct sockaddr_in *)(const void *)b)->sin_addr,
                      sizeof(struct in_addr)) == 0;
    return a->sa_family == AF_INET6 &&
           memcmp(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr,
                  &((const struct sockaddr_in6 *)(const void *)b)->sin6_addr,
                  sizeof(struct in6_addr)) == 0;
}

/* The interface that has the address which a datagram to there would carry; nothing is sent. */
static bool interface_towards(const struct bench_address *to, char out[IFNAMSIZ])
{
    struct sockaddr_storage ours;
    socklen_t size = sizeof(ours);
    struct ifaddrs *all;
    bool found = false;
    const struct sockaddr *theirs = (const struct sockaddr *)(const void *)to->sockaddr;
    if (to->sockaddr_length == 0)
        return false;
    memcpy(&ours, to->sockaddr, sizeof(to->sockaddr));
    const int fd = socket(ours.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    const bool known = connect(fd, theirs, to->sockaddr_length) == 0 &&
                       getsockname(fd, (struct sockaddr *)&ours, &size) == 0;
    (void)close(fd);
    if (!known || getifaddrs(&all) < 0)
        return false;
    for (const struct ifaddrs *at = all; at != NULL && !found; at = at->ifa_next) {
        found = same_host(at->ifa_addr, (const struct sockaddr *)&ours);
        if (found)
            (void)snprintf(out, IFNAMSIZ, "%s", at->ifa_name);
    }
    freeifaddrs(all);
    return found;
}

static void add_interfaces(const struct bench_plan *plan, struct bench_facts *facts)
{
    char names[BENCH_TARGETS_MAX][IFNAMSIZ];
    size_t n = 0;
    for (size_t t = 0; t < plan->ntargets; t++) {
        char name[IFNAMSIZ] = "lo"; /* our own servers listen on 127.0.0.1 */
        if (plan->targets[t].is_url && !interface_towards(&plan->targets[t].address, name))
            continue;
        size_t k = 0;
        while (k < n && strcmp(names[k], name) != 0)
            k++;
        if (k < n)
            continue;
        memcpy(names[n++], name, sizeof(name));
        add_interface(name, facts);
    }
}

void bench_environment_network(const char *root, const struct bench_plan *plan,
                               struct bench_facts *facts)
{
    char text[256];
    for (size_t i = 0; i < BENCH_COUNT_OF(settings); i++)
        bench_facts_add(facts, settings[i].name, "%s",
                        bench_environment_line(root, settings[i].path, text, sizeof(text)));
    add_interfaces(plan, facts);
}
