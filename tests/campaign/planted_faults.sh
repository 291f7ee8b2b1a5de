#!/usr/bin/env bash
# verify finds the mistakes that trainers on many ranks have made, and names where: each is planted in the very place of the engine where it would be
# made (DNN_PLANT), at every number of ranks from 1 to 4 at which it can show. Where nothing is planted, the same run files agree.
# And a bit that flips in one team's copy ends a training with status 7 before anything is saved. Takes minutes (campaign); wants a program with
# -DDNN_FAILPOINTS=ON.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/../program/common.sh"
DNN_FAILPOINT=nonsense "$DNN_MPI" train no.yaml >out 2>&1 || true
grep -q DNN_FAILPOINT out || skip "the program has no failpoints (cmake -DDNN_FAILPOINTS=ON)"

# A batch and a last batch of which one is uneven at any number of ranks.
cat >run.yaml <<'YAML'
seed: 3
output: unused
data: {source: {glyphs: {train: 400, test: 50}}, limit: {train: 388}, scale: {features: standardize}}
model:
  layers:
    - reshape: {target_shape: [28, 28, 1]}
    - random_translation: {height_factor: 0.1, width_factor: 0.1}
    - flatten
    - gaussian_noise: {stddev: 0.1}
    - dense: {units: 48, activation: elu, kernel_regularizer: {l2: {l2: 0.01}}, kernel_constraint: {max_norm: {max_value: 0.9}}}
    - batch_normalization
    - dropout: {rate: 0.3}
    - dense: {units: 10, activation: softmax, kernel_regularizer: {l2: {l2: 0.01}}}
training:
  loss: sparse_categorical_crossentropy
  metrics: [accuracy]
  optimizer:
    sgd: {learning_rate: {exponential_decay: {initial_learning_rate: 0.1, decay_steps: 2, decay_rate: 0.5}}, momentum: 0.9, nesterov: true,
          weight_decay: 0.1, global_clipnorm: 0.5}
  batch_size: 63
YAML

# fault | ranks | what the run file says else | the first that differs
cat >faults <<'TABLE'
order_by_shard|2 3 4||output of reshape
augmentation_by_place_in_shard|2 3 4||output of random_translation
noise_by_place_in_shard|2 3 4||output of gaussian_noise
stale_weights|1 2 3 4||output of dense of step 2
local_batch_statistics|2 3 4||output of batch_normalization
mean_of_batch_means|2 3 4||output of batch_normalization
same_masks_everywhere|2 3 4||output of dropout
dropout_not_rescaled|1 2 3 4||output of dropout
moving_statistics_of_shard|2 3 4||moving statistic batch_normalization/moving_mean
class_weights_of_own_rows|2 3 4|training.class_weights=balanced|value loss
sample_weights_normalized_by_shard|1 2 3 4|training.class_weights={0: 5.0}|value loss
loss_times_workers|2 3 4||value loss
penalty_value_per_worker|2 3 4||value loss
metrics_averaged_over_shards|2 3 4||value accuracy
last_record_left_out|2 3 4||samples
batch_count_of_shard|2 3 4||gradient at dense of
local_batch_sums_backward|2 3 4||gradient at dense of
mean_of_means|2 3 4||gradient of dense_1/bias
gradient_times_workers|2 3 4||gradient of dense_1/bias of step 1
short_batch_divided_as_full|1 2 3 4||gradient of dense_1/bias of step 3
divided_by_own_rows|2 3 4||gradient of dense_1/bias
clip_before_reduction|1 2 3 4||gradient of dense_1/bias
last_shard_added_twice|1 2 3 4||gradient of dense_1/bias
last_block_skipped|1 2 3 4||gradient of dense_1/bias
no_exchange_between_teams|2 3 4|comm.team=rank|gradient of dense_1/bias
penalty_once_per_worker|2 3 4||gradient of dense_1/kernel
order_of_addition_by_workers|2 3 4|training.shards=8|gradient of 
norm_of_own_slice|2 3 4||gradient norm
schedule_one_step_ahead|1 2 3 4||momentum dense/kernel
first_block_updated_twice|1 2 3 4||momentum dense/kernel
accumulation_not_divided|1 2 3 4|training.optimizer={sgd: {momentum: 0.9, gradient_accumulation_steps: 2}}|momentum dense/kernel of step 2
nesterov_missing|1 2 3 4||next weights dense/kernel
decay_twice|1 2 3 4||next weights dense/kernel
constraint_before_update|1 2 3 4||next weights dense/kernel
bias_correction_one_ahead|1 2 3 4|training.optimizer=adam|next weights dense/kernel
trust_ratio_of_first_block|1 2 3 4|training.optimizer=lamb|next weights dense/kernel
TABLE

verify() { # RANKS OVERRIDE
    run_ranks "$1" verify run.yaml ${2:+"$2"} </dev/null
}

cut -d'|' -f3 faults | sort -u | while read -r more; do
    for ranks in 1 2 3 4; do expect_status 0 verify "$ranks" "$more"; done
done
echo "without a fault all agrees"

while IFS='|' read -r fault ranks more first; do
    for n in $ranks; do
        export DNN_FAILPOINT="$fault:*:wrong"
        expect_status 7 verify "$n" "$more"
        expect_text "verify: $first" err
        unset DNN_FAILPOINT
    done
    echo "$fault, at $ranks ranks: $(sed -nE 's/.*verify: (.*) is the first.*/\1/p' err)"
done <faults
echo "$(wc -l <faults) faults found and named"

# Seven steps an epoch: the copies are the same after 49; a bit flips before the step after 50 or 51 updates; a checkpoint is due after 55.
flips() { # FAULT NUMBER-OF-STEP SENTINEL TEXT
    export DNN_FAILPOINT="$1:$2:wrong@rank=2"
    rm -rf drift
    expect_status 7 run_ranks 3 train run.yaml output=drift training.epochs=20 comm.team=rank comm.sentinel="$3" checkpoint.every.steps=55 training.optimizer=adam
    unset DNN_FAILPOINT
    expect_text "$4" err
    expect_text "last seen the same after step 49" err
    expect_text "team 2 (rank 2 on" err
    expect_text '"code": 7' drift/status.json
    [ -z "$(ls drift/checkpoints 2>/dev/null)" ] || fail "$1: saved all the same: $(ls drift/checkpoints)"
}
flips flip_a_bit 52 4 "after step 52 the copies of the 3 teams differ, first in dense"
flips flip_a_bit_of_a_moment 51 50 "first in velocity of dense_1/bias"
flips flip_a_bit 52 0 "after step 55 the copies of the 3 teams differ"
echo "a flipped bit is found before a save"
