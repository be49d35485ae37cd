/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "trace/internal.h"

enum { FIRST = 64 };

void trace_tree_fini(struct trace_tree *tree)
{
    free(tree->twigs);
    free(tree->buckets);
    *tree = (struct trace_tree){.limit = tree->limit};
}

static uint32_t *bucket_of(const struct trace_tree *tree, const struct trace_node *node)
{
    const uint64_t what = (uint64_t)node->name << 1 | node->direction;
    const uint64_t hash = trace_mix(trace_mix(node->parent, what), node->section);
    return &tree->buckets[hash & (tree->nbuckets - 1)];
}

static bool grow(struct trace_tree *tree)
{
    const uint32_t room = tree->room == 0 ? FIRST : tree->room * 2;
    struct trace_twig *twigs = realloc(tree->twigs, room * sizeof(*twigs));
    if (twigs == NULL)
        return false;
    tree->twigs = twigs;
    uint32_t *buckets = calloc((size_t)room * 2, sizeof(*buckets));
    if (buckets == NULL)
        return false;
    free(tree->buckets);
    tree->buckets = buckets;
    tree->nbuckets = room * 2;
    tree->room = room;
    for (uint32_t i = 0; i < tree->length; i++) {
        uint32_t *bucket = bucket_of(tree, &twigs[i].node);
        twigs[i].next = *bucket;
        *bucket = i + 1;
    }
    return true;
}

static uint32_t find(const struct trace_tree *tree, const struct trace_node *node)
{
    if (tree->nbuckets == 0)
        return 0;
    for (uint32_t i = *bucket_of(tree, node); i != 0; i = tree->twigs[i - 1].next) {
        const struct trace_node *other = &tree->twigs[i - 1].node;
        if (other->parent == node->parent && other->name == node->name &&
            other->direction == node->direction && other->section == node->section)
            return i;
    }
    return 0;
}

static uint32_t add(struct trace_analyser *analyser, const struct trace_node *node)
{
    struct trace_tree *tree = &analyser->tree;
    if (tree->length == tree->room && !grow(tree)) {
        analyser->limits.memory++;
        return 0;
    }
    uint32_t *bucket = bucket_of(tree, node);
    tree->twigs[tree->length] = (struct trace_twig){.node = *node, .next = *bucket};
    return *bucket = ++tree->length;
}

uint32_t trace_tree_node(struct trace_analyser *analyser, uint32_t parent, uint32_t name,
                         enum bench_direction direction, uint32_t section)
{
    struct trace_tree *tree = &analyser->tree;
    struct trace_node node = {.parent = parent,
                              .name = name,
                              .direction = direction,
                              .section = section,
                              .depth = parent == 0 ? 1 : tree->twigs[parent - 1].node.depth + 1};
    uint32_t number = find(tree, &node);
    if (number != 0)
        return number;
    if (tree->length >= tree->limit) {
        analyser->limits.nodes++;
        node = (struct trace_node){.name = BENCH_NAME_OTHERS, .direction = direction, .depth = 1};
        number = find(tree, &node);
    }
    return number != 0 ? number : add(analyser, &node);
}

void trace_tree_requested(struct trace_tree *tree, uint32_t node, enum bench_verb verb)
{
    if (node == 0)
        return;
    struct trace_twig *twig = &tree->twigs[node - 1];
    twig->node.requests++;
    twig->calls += verb == BENCH_VERB_CALL;
    twig->acts += trace_verb_is_programmers(verb);
}

void trace_tree_answered(struct trace_tree *tree, uint32_t number, const struct trace_call *call)
{
    if (number == 0)
        return;
    struct trace_node *node = &tree->twigs[number - 1].node;
    node->errors += call->failed;
    if (call->unawaited || call->overlapped)
        return;
    const int64_t took = call->end_ns - call->start_ns;
    node->round_trips++;
    node->total_ns += took;
    node->self_ns += took - call->nested_ns;
    node->slowest_ns = node->slowest_ns > took ? node->slowest_ns : took;
}
