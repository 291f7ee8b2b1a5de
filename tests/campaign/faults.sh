#!/usr/bin/env bash
# How jobs end in which something goes wrong, on one machine: tests/support/faults.bash says what is tried and what is demanded. About six minutes. By hand:
#   DNN_MPI=build/dnn-mpi tests/campaign/faults.sh [RANKS [TEAM]]
# DNN_MPI must be a build with -DDNN_FAILPOINTS=ON; where it is not, one is built here first.
# shellcheck source=tests/program/common.sh disable=SC2034
. "$(dirname "$0")/../program/common.sh"
# shellcheck source=tests/support/faults.bash
. "$DNN_TEST_SOURCE/support/faults.bash"
ranks=${1:-3} team=${2:-node} leaders=0
if [ "$team" = rank ]; then leaders=$(seq -s ' ' 0 $((ranks - 1))); fi
fault_set_up
fault_matrix
fault_full_disk
fault_end
