# shellcheck shell=bash
# Settings of Open MPI for one machine of one's own, to be sourced: `. jobs/mpi-env.sh`. On a cluster leave them to the site.
#
# Open MPI refuses to start as root, or with more ranks than cores, unless told; in a container neither is a mistake.
if [ "$(id -u)" -eq 0 ]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
export OMPI_MCA_rmaps_base_oversubscribe=1
# Jobs side by side would all be bound to the first cores.
export OMPI_MCA_hwloc_base_binding_policy=none
# Reading another rank's memory is forbidden in many containers, and Open MPI complains at length before it copies instead.
export OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_btl_base_warn_component_unused=0
