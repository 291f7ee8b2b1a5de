#!/usr/bin/env bash
# `list` knows every component it names, every command has its help, and both go to stdout alone.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"

expect_status 0 "$DNN_MPI" list
[ ! -s err ] || fail "list speaks on stderr"
cp out all
sections=$(sed -n '/^Sections/,/^Components/p' all | sed -nE 's/^  ([a-z_]+) .*/\1/p')
for section in $sections; do
    expect_status 0 "$DNN_MPI" list "$section"
    [ -s out ] || fail "list $section prints nothing"
done
for wanted in data model training checkpoint comm; do echo "$sections" | grep -qx "$wanted" || fail "no section $wanted"; done

kinds=0 names=0
while read -r kind line; do
    kinds=$((kinds + 1))
    expect_status 0 "$DNN_MPI" list "$kind"
    cp out kind
    for name in $line; do
        names=$((names + 1))
        expect_status 0 "$DNN_MPI" list "$kind" "$name"
        read -r first <out
        [[ $first == "$name ("* ]] || fail "list $kind $name: the first line is $first"
    done
    awk '$1 != "" { print $1 }' kind >shown
    for one in $line; do echo "$one"; done | grep -vxFf shown >hidden || true
    [ ! -s hidden ] || fail "list $kind does not show $(tr '\n' ' ' <hidden)"
    [ "$name" = activation ] && continue # by itself that word is the kind
    expect_status 0 "$DNN_MPI" list "$name"
    expect_text "$name (" out
done < <(sed -n '/^Components/,$p' all | sed -nE 's/^  ([a-z]+) +([a-z].*)/\1 \2/p')
[ "$kinds" -ge 10 ] || fail "only $kinds kinds"
[ "$names" -ge 80 ] || fail "only $names components"

# What the catalogue of the network's parts cannot do without.
for name in dense dropout batch_normalization flatten relu elu selu softmax sigmoid he_normal glorot_uniform lecun_normal sgd adam nadam rmsprop \
    exponential_decay sparse_categorical_crossentropy mean_squared_error accuracy early_stopping standardize csv hdf5 fashion_mnist; do
    grep -qE "(^| )$name( |$)" all || fail "$name is not listed"
done

"$DNN_MPI" --help >help
commands=$(sed -n '/^Commands/,/^$/p' help | sed -nE 's/^  ([a-z]+) .*/\1/p')
[ "$(echo "$commands" | wc -l)" -ge 7 ] || fail "not all commands have a line in --help"
for command in $commands; do
    expect_status 0 "$DNN_MPI" "$command" --help
    [ ! -s err ] || fail "$command --help speaks on stderr"
    expect_text "Usage: dnn-mpi $command" out
    cp out one
    expect_status 0 "$DNN_MPI" help "$command"
    cmp -s out one || fail "'help $command' and '$command --help' differ"
    expect_status 0 "$DNN_MPI" "$command" no-such-file --help # help is all that is wanted, whatever else is there
    expect_status 2 "$DNN_MPI" "$command" --no-such-option
    expect_text "$command --help" err
done
echo "$kinds kinds, $names components, $(echo "$commands" | wc -l) commands"
