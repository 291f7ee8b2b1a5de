/* Walks everything that a run file can say, as `list` prints it: every row must be readable, every default must lie in its range. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/params.h"
#include "cli/reference.h"
#include "dnn/base/memory.h"
#include "dnn/nn/graph.h"
#include "dnn/train/config.h"

typedef void row_visitor(const dnn_param *row, const char *owner);

static void visit_rows(const dnn_param *rows, size_t count, const char *owner, row_visitor *visit)
{
    for (size_t i = 0; i < count; i++) {
        visit(&rows[i], owner);
        if (rows[i].type == DNN_PARAM_SECTION) visit_rows(rows[i].rows, rows[i].n_rows, rows[i].key, visit);
    }
}

static void visit_all(row_visitor *visit)
{
    visit_rows(dnn_config_params, dnn_config_params_count, "run file", visit);
    visit_rows(dnn_model_params, DNN_MODEL_PARAMS, "model", visit);
    for (size_t f = 0; f < cli_families_count; f++) {
        const dnn_family *family = cli_families[f];
        visit_rows(family->common, family->n_common, family->name, visit);
        for (size_t k = 0; k < family->count; k++) visit_rows(family->kinds[k]->params, family->kinds[k]->n_params, family->kinds[k]->name, visit);
    }
}

static bool listed(const dnn_family *family)
{
    for (size_t i = 0; i < cli_families_count; i++)
        if (cli_families[i] == family) return true;
    return false;
}

static void judge_row(const dnn_param *row, const char *owner)
{
    dnn_range range;
    dnn_node *preset = NULL;
    if (!row->help || !*row->help) fail_msg("%s.%s has no help", owner, row->key);
    if (row->family && !listed(row->family)) fail_msg("%s.%s takes a %s, which `list` does not print", owner, row->key, row->family->name);
    if (row->type == DNN_PARAM_CHOICE) assert_true(dnn_choices_count(row->range) >= 2);
    else if (row->range && !dnn_range_parse(row->range, &range)) fail_msg("%s.%s: range '%s'", owner, row->key, row->range);
    if (row->preset && dnn_preset_read(row->preset, &preset) != DNN_OK) fail_msg("%s.%s: %s", owner, row->key, dnn_fail_text());
    dnn_node_destroy(preset);
}

static void every_row_has_help_a_readable_range_and_a_readable_default(void **state)
{
    (void)state;
    visit_all(judge_row);
}

/* Reads a row alone from nothing, so that its default goes through type and range. */
static void read_default(const dnn_param *row, const char *owner)
{
    if (!row->preset || row->type == DNN_PARAM_SECTION) return;
    dnn_param moved = *row;
    double room[32] = { 0 };
    moved.offset = 0;
    if (dnn_params_read(&moved, 1, owner, NULL, room) != DNN_OK) fail_msg("%s", dnn_fail_text());
    dnn_params_clear(&moved, 1, room);
}

static void every_default_is_a_valid_value(void **state)
{
    (void)state;
    visit_all(read_default);
}

static bool needs_parameters(const dnn_kind *kind)
{
    for (size_t i = 0; i < kind->n_params; i++)
        if (!kind->params[i].preset) return true;
    return false;
}

static void every_component_without_required_keys_can_be_named_alone_and_reads_back(void **state)
{
    (void)state;
    size_t made = 0;
    for (size_t f = 0; f < cli_families_count; f++)
        for (size_t k = 0; k < cli_families[f]->count; k++) {
            dnn_component c, back;
            const dnn_kind *kind = cli_families[f]->kinds[k];
            if (needs_parameters(kind)) continue;
            if (dnn_component_make(cli_families[f], kind->name, &c) != DNN_OK) fail_msg("%s: %s", kind->name, dnn_fail_text());
            dnn_node *written = dnn_component_write(&c);
            if (dnn_component_read(cli_families[f], written, &back) != DNN_OK) fail_msg("%s: %s", kind->name, dnn_fail_text());
            dnn_node *again = dnn_component_write(&back);
            assert_true(dnn_node_equal(written, again));
            dnn_node_destroy(written);
            dnn_node_destroy(again);
            dnn_component_clear(&c);
            dnn_component_clear(&back);
            made++;
        }
    assert_true(made > 30);
}

static void names_are_spelled_as_keys_and_occur_once_in_their_family(void **state)
{
    (void)state;
    for (size_t f = 0; f < cli_families_count; f++)
        for (size_t k = 0; k < cli_families[f]->count; k++) {
            const char *name = cli_families[f]->kinds[k]->name;
            assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(name));
            assert_ptr_equal(dnn_family_find(cli_families[f], name), cli_families[f]->kinds[k]);
            if (!cli_families[f]->kinds[k]->help) fail_msg("%s has no help", name);
        }
}

static void a_number_alone_means_a_kind_that_is_there(void **state)
{
    (void)state;
    for (size_t f = 0; f < cli_families_count; f++) {
        if (!cli_families[f]->number_kind) continue;
        const dnn_kind *kind = dnn_family_find(cli_families[f], cli_families[f]->number_kind);
        assert_non_null(kind);
        assert_int_equal(kind->params[0].type, DNN_PARAM_REAL);
    }
}

static void families_are_found_by_both_their_names(void **state)
{
    (void)state;
    char plural[64];
    for (size_t f = 0; f < cli_families_count; f++) {
        assert_ptr_equal(cli_family_find(cli_families[f]->name), cli_families[f]);
        assert_ptr_equal(cli_family_find(cli_family_plural(cli_families[f], plural)), cli_families[f]);
    }
    assert_string_equal(cli_family_plural(cli_family_find("loss"), plural), "losses");
    assert_null(cli_family_find("layerz"));
}

static int nothing_is_left(void **state)
{
    (void)state;
    dnn_place_forget();
    return dnn_memory_balance() == 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_help_a_readable_range_and_a_readable_default),
        cmocka_unit_test(every_default_is_a_valid_value),
        cmocka_unit_test(every_component_without_required_keys_can_be_named_alone_and_reads_back),
        cmocka_unit_test(names_are_spelled_as_keys_and_occur_once_in_their_family),
        cmocka_unit_test(a_number_alone_means_a_kind_that_is_there),
        cmocka_unit_test(families_are_found_by_both_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, nothing_is_left);
}
