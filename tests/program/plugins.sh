#!/usr/bin/env bash
# Components of one's own: the examples of docs/adding-a-component.md are compiled by the commands of that page, trained with at one and more
# ranks, found again by the model file, and refused where they do not fit.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"
page=$project/docs/adding-a-component.md
compiler=${CC:-cc}
command -v "$compiler" >/dev/null || skip "no C compiler"

# What the page shows is what is compiled here.
python3 - "$page" "$project" <<'END' || fail "the page and docs/examples differ"
import re, sys, pathlib
page, project = pathlib.Path(sys.argv[1]).read_text(), pathlib.Path(sys.argv[2])
shown = dict(re.findall(r'<!-- (docs/examples/\w+\.c) -->\n```c\n(.*?)```\n', page, re.S))
files = {str(p.relative_to(project)): p.read_text() for p in (project / 'docs/examples').glob('*.c')}
sys.exit(shown != files or len(files) < 4)
END
ln -s "$project/include" include
mkdir docs
ln -s "$project/docs/examples" docs/examples
grep -E '^cc ' "$page" | sed "s|^cc |$compiler -Wall -Wextra -Werror |" >commands
[ "$(wc -l <commands)" -eq 4 ] || fail "the page has other commands than this test knows"
bash -e commands # scale_by.so, in the end with both halves
for example in bent_identity halving step_limit; do sed -n 1p commands | sed "s/scale_by/$example/g" | bash -e; done
sed -n 1p commands | sed 's/scale_by\.so/alone.so/' | bash -e

cat >run.yaml <<'END'
output: run
plugins: [scale_by.so, ./bent_identity.so, ./halving.so, ./step_limit.so]
data: {source: {moons: {n_samples: 300, noise: 0.1}}, split: {validation: 60, test: 40}}
model:
  layers:
    - dense: {units: 8, activation: bent_identity}
    - scale_by
    - dense: {units: 1, activation: sigmoid}
training:
  loss: binary_crossentropy
  metrics: accuracy
  optimizer: {sgd: {learning_rate: {halving: {initial_learning_rate: 0.5, every: 10}}}}
  epochs: 4
  batch_size: 32
  shards: 4
  log_every: 1
  callbacks: [{step_limit: {steps: 16}}]
END

# One run on one rank and on three: the same bits, the same end after 16 wished-for steps (and the one under way).
expect_status 0 "$DNN_MPI" train run.yaml
expect_status 0 run_ranks 3 train run.yaml output=three
cmp run/steps.csv three/steps.csv || fail "three ranks train otherwise than one"
cut -d, -f3 run/steps.csv | uniq | paste -sd ' ' | grep -qx 'learning_rate 0.5 0.25' || fail "the schedule of the plug-in was not used"
[ "$(tail -n 1 run/steps.csv | cut -d, -f1)" -eq 17 ] || fail "the callback did not end the training"
cmp run/events.txt three/events.txt || fail "hooks are called otherwise on three ranks"
[ "$(sort run/events.txt | uniq -c | tr -s ' \n' ' ')" = \
    " 3 epoch_begin 3 epoch_end 17 step_begin 17 step_end 3 test_begin 3 test_end 1 train_begin 1 train_end " ] ||
    fail "$(sort run/events.txt | uniq -c)"
[ "$(head -n 3 run/events.txt | paste -sd ' ')" = "train_begin epoch_begin step_begin" ] || fail "hooks come in another order"

# A training that goes on counts on: the state of the callback is in the checkpoint.
expect_status 0 "$DNN_MPI" train run.yaml output=parts training.epochs=1
expect_status 0 "$DNN_MPI" train run.yaml output=parts --resume auto
[ "$(tail -n 1 parts/steps.csv | cut -d, -f1)" -eq 17 ] || fail "the callback did not count on from the checkpoint"

# The model file names what it needs, and gets it from nobody but the user.
all=scale_by.so:bent_identity.so:halving.so:step_limit.so
for command in evaluate summary; do
    expect_status 4 "$DNN_MPI" "$command" run/model.h5
    expect_text "run/model.h5: was trained with plug-in" err
    expect_text "if you trust that file" err
done
expect_status 4 run_ranks 2 predict run/model.h5 --out p.csv
expect_text "if you trust that file" err
expect_status 0 "$DNN_MPI" evaluate run/model.h5 --json --plugin $all
expect_status 0 run_ranks 2 evaluate run/model.h5 --json --plugin $all
expect_status 0 "$DNN_MPI" predict run/model.h5 --out p.csv --plugin $all
[ "$(tail -n 2 run/events.txt | paste -sd ' ')" = "predict_begin predict_end" ] || fail "predict has no hooks"
expect_status 0 "$DNN_MPI" summary run/model.h5 --plugin $all
expect_text "scale_by" out
expect_status 0 "$DNN_MPI" list --plugin scale_by.so layer scale_by
expect_text "start of the learned numbers" out
expect_status 2 "$DNN_MPI" list layer scale_by

# Gradients of the layer in double; without that half the check says so.
expect_status 0 "$DNN_MPI" check run.yaml --gradients plugins='[scale_by.so, halving.so]' model.layers.0.dense.activation=tanh training.callbacks='[]'
expect_text "scale_by/a" out
expect_no_text DIFFERS out
expect_status 2 "$DNN_MPI" check run.yaml --gradients
expect_text "bent_identity.so brings no half in double" err

# What does not fit is refused, and says what to do.
expect_status 2 "$DNN_MPI" check run.yaml plugins='[nothing.so]'
expect_text "nothing.so" err
sed -i 's/plugins: .*/plugins: [run.yaml]/' run.yaml
expect_status 2 run_ranks 2 train run.yaml
expect_text "run.yaml:2:11" err
expect_text "cannot be loaded" err
sed 's/DNN_PLUGIN(/DNN_PLUGIN(.abi = 99, /' docs/examples/halving.c >old.c
"$compiler" -std=gnu17 -fPIC -shared -I include old.c -o old.so
expect_status 2 "$DNN_MPI" list --plugin old.so
expect_text "compile it again" err
expect_status 2 "$DNN_MPI" list --plugin scale_by.so:alone.so
expect_text "layer 'scale_by': there is one of this name already" err
echo 'int nothing;' >empty.c
"$compiler" -fPIC -shared empty.c -o empty.so
expect_status 2 "$DNN_MPI" list --plugin empty.so
expect_text "DNN_PLUGIN" err
cp alone.so scale_by.so # another file than the one it was trained with
expect_status 0 "$DNN_MPI" evaluate run/model.h5 --plugin $all
expect_text "scale_by.so has changed since" err
rm scale_by.so
expect_status 2 run_ranks 2 evaluate run/model.h5 --plugin $all
expect_text "scale_by.so" err

# Ranks that find different files.
mkdir 0 1
for rank in 0 1; do printf 'int rank%s;\n' "$rank" | "$compiler" -fPIC -shared -x c - -o "$rank/one.so"; done
cp docs/examples/halving.c . && "$compiler" -std=gnu17 -fPIC -shared -I include halving.c -o 0/one.so
printf 'cd "$OMPI_COMM_WORLD_RANK" && exec "%s" train ../any.yaml --plugin one.so\n' "$DNN_MPI" >two.sh
expect_status 8 timeout 60 "$MPIEXEC" -q --oversubscribe -n 2 bash two.sh
expect_text "not the same file on all ranks" err
