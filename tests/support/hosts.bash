# shellcheck shell=bash
# Several machines on one, for tests, to be sourced after common.sh: each has a network of its own (a network namespace, joined to the others by a
# bridge), a name of its own and its own daemon of Open MPI, which is started there as ssh would do it. File system and processors are shared.
# Needs root, iproute2 and util-linux.
#   hosts_up 2 4            node1 with 2 slots and node2 with 4
#   hosts_up_behind 500 200 2 4     the same behind a switch with a one-way delay of 500 us and 200 Mbit/s (slow_switch.c); no hosts_mute and hosts_slow then
#   hosts_mpirun ARGUMENT…  mpirun on node1 over all of them; as a program of its own: $hosts_files/mpirun
#   hosts_exec NUMBER COMMAND…, hosts_pids NUMBER
#   hosts_unplug NUMBER, hosts_mute NUMBER, hosts_slow NUMBER RATE, hosts_heal NUMBER
#   hosts_down              also called when the script ends
hosts_name=dnn$$ hosts_count=0 hosts_switch=""
hosts_net=10.77.0

hosts_possible() { # whether this machine lets us; says why not
    local why=""
    [ "$(id -u)" -eq 0 ] || why="only root may make networks"
    for tool in ip unshare; do command -v $tool >/dev/null || why="there is no command '$tool' (packages iproute2, util-linux)"; done
    if [ -z "$why" ]; then
        ip netns add "$hosts_name-try" 2>/dev/null && ip netns exec "$hosts_name-try" unshare --uts true 2>/dev/null &&
            ip link add "$hosts_name-t" type bridge 2>/dev/null || why="this machine or container allows no network namespaces"
        ip link del "$hosts_name-t" 2>/dev/null || true
        ip netns del "$hosts_name-try" 2>/dev/null || true
    fi
    [ -z "$why" ] || echo "several machines cannot be made here: $why"
    [ -z "$why" ]
}

hosts_begin() { # SLOTS…
    local i=0 slots
    hosts_down
    hosts_files=$folder/hosts
    mkdir -p "$hosts_files" "/dev/shm/$hosts_name" # what killed launchers leave behind there goes with us
    echo "127.0.0.1 localhost" >"$hosts_files/names"
    : >"$hosts_files/slots"
    for slots in "$@"; do
        i=$((i + 1))
        echo "$hosts_net.$i node$i" >>"$hosts_files/names"
        echo "node$i slots=$slots" >>"$hosts_files/slots"
    done
    hosts_count=$i
    for i in $(seq "$hosts_count"); do
        ip netns add "$hosts_name-node$i"
        mkdir -p "/etc/netns/$hosts_name-node$i" # `ip netns exec` shows what is in there in the place of /etc
        cp "$hosts_files/names" "/etc/netns/$hosts_name-node$i/hosts"
    done
}

hosts_join_by_bridge() {
    local i
    ip link add "$hosts_name-b" type bridge
    ip link set "$hosts_name-b" up
    for i in $(seq "$hosts_count"); do
        ip link add "$hosts_name-v$i" type veth peer name eth0 netns "$hosts_name-node$i"
        ip link set "$hosts_name-v$i" master "$hosts_name-b" up
    done
}

hosts_join_by_switch() { # DELAY_US MBIT
    local i names=()
    [ -x slow_switch ] || "${CC:-cc}" -O2 -o slow_switch "$DNN_TEST_SOURCE/support/slow_switch.c" || fail "the switch cannot be compiled"
    for i in $(seq "$hosts_count"); do names+=("$hosts_name-node$i"); done
    : >"$hosts_files/switch"
    ./slow_switch "$1" "$2" "${names[@]}" >>"$hosts_files/switch" 2>&1 &
    hosts_switch=$!
    for i in $(seq 50); do grep -q ready "$hosts_files/switch" && return; sleep 0.1; done
    cat "$hosts_files/switch" >&2
    fail "the switch does not start"
}

hosts_up() { # SLOTS…: a machine for each number
    hosts_begin "$@"
    hosts_join_by_bridge
    hosts_set_up
}

hosts_up_behind() { # DELAY_US MBIT SLOTS…
    local delay=$1 rate=$2
    shift 2
    hosts_begin "$@"
    hosts_join_by_switch "$delay" "$rate"
    hosts_set_up 9000
}

hosts_set_up() { # [MTU]: addresses, and how to get there
    local i space
    for i in $(seq "$hosts_count"); do
        space=$hosts_name-node$i
        ip -n "$space" addr add "$hosts_net.$i/24" dev eth0
        ip -n "$space" link set lo up
        ip -n "$space" link set eth0 mtu "${1:-1500}" up
    done
    cat >"$hosts_files/enter" <<'END'
#!/bin/sh
# HOST COMMAND…: on that machine, with its name
host=$1
shift
exec ip netns exec "$HOSTS_NAME-$host" unshare --uts sh -c 'hostname "$0" && exec "$@"' "$host" "$@"
END
    cat >"$hosts_files/agent" <<'END'
#!/bin/sh
# As ssh: HOST WORD…, which a shell there puts together
host=$1
shift
exec "${0%/*}/enter" "$host" sh -c "$*"
END
    cat >"$hosts_files/mpirun" <<'END'
#!/bin/sh
here=${0%/*}
exec "$here/enter" node1 "$MPIEXEC" --hostfile "$here/slots" --mca plm rsh --mca plm_rsh_agent "$here/agent" --mca routed direct \
    --mca oob_tcp_if_include eth0 --mca btl_tcp_if_include eth0 --mca btl tcp,self,vader --mca pml ob1 \
    --mca btl_vader_backing_directory "$HOSTS_MEMORY" --mca osc_sm_backing_directory "$HOSTS_MEMORY" --mca orte_tmpdir_base "$here" --bind-to none "$@"
END
    chmod +x "$hosts_files/enter" "$hosts_files/agent" "$hosts_files/mpirun"
    export HOSTS_NAME=$hosts_name HOSTS_MEMORY=/dev/shm/$hosts_name
}

hosts_exec() { # NUMBER COMMAND…
    local host=node$1
    shift
    "$hosts_files/enter" "$host" "$@"
}

hosts_mpirun() { "$hosts_files/mpirun" "$@"; }

hosts_pids() { ip netns pids "$hosts_name-node$1" 2>/dev/null || true; }

hosts_unplug() { ip -n "$hosts_name-node$1" link set eth0 down; }
# All links are up, but nothing comes through.
hosts_mute() { ip link set "$hosts_name-v$1" nomaster; }
# RATE as tc has it, for what goes to the machine and what comes from it; what does not fit waits.
hosts_slow() {
    tc qdisc replace dev "$hosts_name-v$1" root tbf rate "$2" burst 2kb limit 4mb
    ip netns exec "$hosts_name-node$1" tc qdisc replace dev eth0 root tbf rate "$2" burst 2kb limit 4mb
}
hosts_heal() {
    tc qdisc del dev "$hosts_name-v$1" root 2>/dev/null || true
    ip netns exec "$hosts_name-node$1" tc qdisc del dev eth0 root 2>/dev/null || true
    ip -n "$hosts_name-node$1" link set eth0 up
    ip link set "$hosts_name-v$1" master "$hosts_name-b" up
}

hosts_down() {
    local i
    for i in $(seq "$hosts_count"); do
        hosts_pids "$i" | xargs -r kill -KILL 2>/dev/null || true
        ip netns del "$hosts_name-node$i" 2>/dev/null || true
        ip link del "$hosts_name-v$i" 2>/dev/null || true
        rm -rf "/etc/netns/$hosts_name-node$i"
    done
    ip link del "$hosts_name-b" 2>/dev/null || true
    [ -z "$hosts_switch" ] || { kill "$hosts_switch" && wait "$hosts_switch"; } 2>/dev/null || true
    rm -rf "/dev/shm/$hosts_name"
    hosts_count=0 hosts_switch=""
}
hosts_leave() {
    local status=$?
    set +e
    hosts_down
    (exit $status)
    leave
}
trap hosts_leave EXIT
