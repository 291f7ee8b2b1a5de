# shellcheck shell=bash
# Hosts on one machine: network namespaces with a network stack, an address and a host name each, between which Open MPI talks TCP. To be sourced behind
# program/common.sh; needs root, iproute2 and util-linux, and the test is skipped where there is no leave to make namespaces.
#
#   hosts_up N [DELAY_US [MBIT]]      N hosts h1 … hN, joined by a switch (slow_switch.c): as fast as it goes, or with a one-way delay and a rate
#   hosts_run SLOTS COMMAND…          mpirun over the hosts; SLOTS: ranks on each, "2,1"
#   on_host I COMMAND…                on host I
#   hosts_cut I, hosts_heal I         its cable is pulled, and plugged in again
#   hosts_down                        (also when the test ends)
hosts_prefix=dnn$$
hosts_count=0
switch_pid=""

hosts_possible() {
    [ "$(id -u)" -eq 0 ] && command -v ip unshare >/dev/null && [ -e /dev/net/tun ] &&
        ip netns add "$hosts_prefix-try" 2>/dev/null && ip netns del "$hosts_prefix-try"
}

hosts_make_switch() {
    [ -x slow_switch ] || "${CC:-cc}" -O2 -o slow_switch "$DNN_TEST_SOURCE/support/slow_switch.c" || fail "the switch cannot be compiled"
}

# Open MPI starts its daemons with this in place of ssh: AGENT HOST WORDS…
hosts_make_agent() {
    cat >agent <<SH
#!/bin/sh
host=\$1; shift
exec ip netns exec $hosts_prefix-\$host unshare --uts sh -c 'hostname "\$0"; exec sh -c "\$1"' "\$host" "\$*"
SH
    chmod +x agent
}

hosts_up() { # N [DELAY_US [MBIT]]
    local i names=()
    hosts_possible || skip "network namespaces need root, ip, unshare and /dev/net/tun"
    hosts_make_switch
    hosts_make_agent
    hosts_count=$1
    { echo "127.0.0.1 localhost"; for ((i = 1; i <= $1; i++)); do echo "10.99.0.$i h$i"; done; } >hosts
    for ((i = 1; i <= $1; i++)); do
        names+=("$hosts_prefix-h$i")
        ip netns add "$hosts_prefix-h$i"
        mkdir -p "/etc/netns/$hosts_prefix-h$i" && cp hosts "/etc/netns/$hosts_prefix-h$i/hosts" # mounted over /etc/hosts by `ip netns exec`
    done
    : >switch.log
    ./slow_switch "${2:-0}" "${3:-0}" "${names[@]}" >>switch.log 2>&1 &
    switch_pid=$!
    for ((i = 0; i < 50; i++)); do grep -q ready switch.log && break; sleep 0.1; done
    grep -q ready switch.log || { cat switch.log >&2; fail "the switch between the hosts does not start"; }
    for ((i = 1; i <= $1; i++)); do
        ip -n "$hosts_prefix-h$i" addr add "10.99.0.$i/24" dev eth0
        ip -n "$hosts_prefix-h$i" link set lo up
        ip -n "$hosts_prefix-h$i" link set eth0 mtu 9000 up
    done
}

# shellcheck disable=SC2016 # the host's shell expands them
on_host() { # I COMMAND…
    local i=$1
    shift
    ip netns exec "$hosts_prefix-h$i" unshare --uts sh -c 'hostname "$0"; exec "$@"' "h$i" "$@"
}

hosts_run() { # SLOTS COMMAND…
    local i=0 slots ranks=0
    : >hostfile
    for slots in ${1//,/ }; do
        i=$((i + 1)) ranks=$((ranks + slots))
        echo "h$i slots=$slots" >>hostfile
    done
    shift
    # every daemon sees all cores of this machine: bound, all first ranks would share the first core
    on_host 1 timeout --kill-after=10 "${DNN_TEST_TIMEOUT:-120}" "$MPIEXEC" -q --hostfile hostfile -n "$ranks" --map-by slot --bind-to none \
        --mca plm rsh --mca plm_rsh_agent "$PWD/agent" --mca plm_rsh_no_tree_spawn 1 --mca routed direct \
        --mca oob_tcp_if_include eth0 --mca btl_tcp_if_include eth0 --mca btl tcp,self,vader --mca pml ob1 "$@"
}

hosts_cut() { ip -n "$hosts_prefix-h$1" link set eth0 down; }
hosts_heal() { ip -n "$hosts_prefix-h$1" link set eth0 up; }

hosts_down() {
    local i
    for ((i = 1; i <= hosts_count; i++)); do
        ip netns pids "$hosts_prefix-h$i" 2>/dev/null | xargs -r kill 2>/dev/null || true
        ip netns del "$hosts_prefix-h$i" 2>/dev/null || true
        rm -rf "/etc/netns/$hosts_prefix-h$i"
    done
    [ -z "$switch_pid" ] || { kill "$switch_pid" && wait "$switch_pid"; } 2>/dev/null || true
    hosts_count=0 switch_pid=""
}
trap 'hosts_down; leave' EXIT
