/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc_pickle.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "protocols/rpyc/rpyc_pickle_int.h"
#include "protocols/rpyc/rpyc_pickle_machine.h"
#include "protocols/rpyc/rpyc_value.h"

enum opcode {
    OP_MARK = '(',
    OP_STOP = '.',
    OP_POP = '0',
    OP_POP_MARK = '1',
    OP_DUP = '2',
    OP_FLOAT = 'F',
    OP_INT = 'I',
    OP_BININT = 'J',
    OP_BININT1 = 'K',
    OP_LONG = 'L',
    OP_BININT2 = 'M',
    OP_NONE = 'N',
    OP_PERSID = 'P',
    OP_BINPERSID = 'Q',
    OP_REDUCE = 'R',
    OP_UNICODE = 'V',
    OP_BINUNICODE = 'X',
    OP_APPEND = 'a',
    OP_BUILD = 'b',
    OP_GLOBAL = 'c',
    OP_DICT = 'd',
    OP_EMPTY_DICT = '}',
    OP_APPENDS = 'e',
    OP_GET = 'g',
    OP_BINGET = 'h',
    OP_INST = 'i',
    OP_LONG_BINGET = 'j',
    OP_LIST = 'l',
    OP_EMPTY_LIST = ']',
    OP_OBJ = 'o',
    OP_PUT = 'p',
    OP_BINPUT = 'q',
    OP_LONG_BINPUT = 'r',
    OP_SETITEM = 's',
    OP_TUPLE = 't',
    OP_EMPTY_TUPLE = ')',
    OP_SETITEMS = 'u',
    OP_BINFLOAT = 'G',
    OP_STRING = 'S',
    OP_BINSTRING = 'T',
    OP_SHORT_BINSTRING = 'U',
    OP_BINBYTES = 'B',
    OP_SHORT_BINBYTES = 'C',
    OP_PROTO = 0x80,
    OP_NEWOBJ,
    OP_EXT1,
    OP_EXT2,
    OP_EXT4,
    OP_TUPLE1,
    OP_TUPLE2,
    OP_TUPLE3,
    OP_NEWTRUE,
    OP_NEWFALSE,
    OP_LONG1,
    OP_LONG4,
    OP_SHORT_BINUNICODE,
    OP_BINUNICODE8,
    OP_BINBYTES8,
    OP_EMPTY_SET,
    OP_ADDITEMS,
    OP_FROZENSET,
    OP_NEWOBJ_EX,
    OP_STACK_GLOBAL,
    OP_MEMOIZE,
    OP_FRAME,
    OP_BYTEARRAY8,
    OP_NEXT_BUFFER,
    OP_READONLY_BUFFER
};

/* ---- what is refused ---- */

static int refuse_name(struct rpyc_machine *m, const char *module, size_t module_length,
                       const char *name, size_t name_length)
{
    char text[128];
    size_t n = 0;
    for (size_t i = 0; i < module_length && n < 60; i++)
        text[n++] = (char)(isgraph((unsigned char)module[i]) ? module[i] : '?');
    text[n++] = '.';
    for (size_t i = 0; i < name_length && n < 120; i++)
        text[n++] = (char)(isgraph((unsigned char)name[i]) ? name[i] : '?');
    text[n] = '\0';
    return bench_fail(m->err, -ENOTSUP, "the pickle names a class: %s", text);
}

static int refuse_global(struct rpyc_machine *m)
{
    const uint8_t *module, *name;
    size_t module_length, name_length;
    int rc = rpyc_pickle_take_line(m, &module, &module_length);
    if (rc == 0)
        rc = rpyc_pickle_take_line(m, &name, &name_length);
    if (rc < 0)
        return rc;
    return refuse_name(m, (const char *)module, module_length, (const char *)name, name_length);
}

static int refuse_stack_global(struct rpyc_machine *m)
{
    struct rpyc_node **names;
    int rc = rpyc_pickle_top(m, 2, &names);
    if (rc < 0)
        return rc;
    const struct bench_value *module = &names[0]->value, *name = &names[1]->value;
    if (module->kind != BENCH_STR || name->kind != BENCH_STR)
        return rpyc_pickle_fail(m, -EINVAL, "a class whose name is no text");
    return refuse_name(m, module->text.data, module->text.length, name->text.data,
                       name->text.length);
}

static int refuse(struct rpyc_machine *m, uint8_t op)
{
    switch (op) {
    case OP_GLOBAL:
    case OP_INST:
        return refuse_global(m);
    case OP_STACK_GLOBAL:
        return refuse_stack_global(m);
    case OP_REDUCE:
    case OP_BUILD:
    case OP_OBJ:
    case OP_NEWOBJ:
    case OP_NEWOBJ_EX:
        return rpyc_pickle_fail(m, -ENOTSUP, "it runs code");
    case OP_EXT1:
    case OP_EXT2:
    case OP_EXT4:
        return rpyc_pickle_fail(m, -ENOTSUP, "it names a class by a number");
    case OP_PERSID:
    case OP_BINPERSID:
        return rpyc_pickle_fail(m, -ENOTSUP, "it names an object outside of it");
    case OP_NEXT_BUFFER:
    case OP_READONLY_BUFFER:
        return rpyc_pickle_fail(m, -ENOTSUP, "it has buffers outside of it");
    case OP_STRING:
    case OP_BINSTRING:
    case OP_SHORT_BINSTRING:
        return rpyc_pickle_fail(m, -ENOTSUP, "it has a str of Python 2");
    default:
        m->at--;
        return rpyc_pickle_fail(m, -EINVAL, "an unknown opcode");
    }
}

/* ---- the opcodes; 1 = not one of these ---- */

static int step_head(struct rpyc_machine *m, uint8_t op)
{
    uint64_t number;
    int rc = rpyc_pickle_take_number(m, op == OP_PROTO ? 1 : 8, &number);
    if (rc < 0)
        return rc;
    if (op == OP_PROTO && number > RPYC_PICKLE_PROTOCOL_MAX)
        return rpyc_pickle_fail(m, -EINVAL, "a protocol above 5");
    if (op == OP_FRAME && number > (uint64_t)(m->end - m->at))
        return rpyc_pickle_fail(m, -EINVAL, "a frame that is cut");
    return 0;
}

static int step_scalar(struct rpyc_machine *m, uint8_t op)
{
    switch (op) {
    case OP_NONE:
        return rpyc_pickle_push_kind(m, BENCH_NONE);
    case OP_NEWTRUE:
        return rpyc_pickle_push_value(m, bench_bool(true));
    case OP_NEWFALSE:
        return rpyc_pickle_push_value(m, bench_bool(false));
    case OP_INT:
    case OP_LONG:
        return rpyc_pickle_push_int_line(m, op == OP_LONG);
    case OP_BININT:
        return rpyc_pickle_push_small(m, 4);
    case OP_BININT1:
        return rpyc_pickle_push_small(m, 1);
    case OP_BININT2:
        return rpyc_pickle_push_small(m, 2);
    case OP_LONG1:
        return rpyc_pickle_push_long(m, 1);
    case OP_LONG4:
        return rpyc_pickle_push_long(m, 4);
    case OP_FLOAT:
        return rpyc_pickle_push_float_line(m);
    case OP_BINFLOAT:
        return rpyc_pickle_push_float(m);
    case OP_UNICODE:
        return rpyc_pickle_push_escaped(m);
    case OP_SHORT_BINUNICODE:
        return rpyc_pickle_push_sized(m, BENCH_STR, 1);
    case OP_BINUNICODE:
        return rpyc_pickle_push_sized(m, BENCH_STR, 4);
    case OP_BINUNICODE8:
        return rpyc_pickle_push_sized(m, BENCH_STR, 8);
    case OP_SHORT_BINBYTES:
        return rpyc_pickle_push_sized(m, BENCH_BYTES, 1);
    case OP_BINBYTES:
        return rpyc_pickle_push_sized(m, BENCH_BYTES, 4);
    case OP_BINBYTES8:
    case OP_BYTEARRAY8:
        return rpyc_pickle_push_sized(m, BENCH_BYTES, 8);
    default:
        return 1;
    }
}

static int step_container(struct rpyc_machine *m, uint8_t op)
{
    switch (op) {
    case OP_EMPTY_LIST:
        return rpyc_pickle_push_kind(m, BENCH_LIST);
    case OP_EMPTY_TUPLE:
        return rpyc_pickle_push_kind(m, BENCH_TUPLE);
    case OP_EMPTY_DICT:
        return rpyc_pickle_push_kind(m, BENCH_DICT);
    case OP_EMPTY_SET:
        return rpyc_pickle_push_kind(m, BENCH_SET);
    case OP_LIST:
        return rpyc_pickle_build_marked(m, BENCH_LIST);
    case OP_TUPLE:
        return rpyc_pickle_build_marked(m, BENCH_TUPLE);
    case OP_DICT:
        return rpyc_pickle_build_marked(m, BENCH_DICT);
    case OP_FROZENSET:
        return rpyc_pickle_build_marked(m, BENCH_FROZENSET);
    case OP_TUPLE1:
    case OP_TUPLE2:
    case OP_TUPLE3:
        return rpyc_pickle_build_tuple(m, (size_t)(op - OP_TUPLE1) + 1);
    case OP_APPEND:
        return rpyc_pickle_extend_top(m, BENCH_LIST, 1);
    case OP_SETITEM:
        return rpyc_pickle_extend_top(m, BENCH_DICT, 2);
    case OP_APPENDS:
        return rpyc_pickle_extend_marked(m, BENCH_LIST);
    case OP_SETITEMS:
        return rpyc_pickle_extend_marked(m, BENCH_DICT);
    case OP_ADDITEMS:
        return rpyc_pickle_extend_marked(m, BENCH_SET);
    default:
        return 1;
    }
}

static int step_stack(struct rpyc_machine *m, uint8_t op)
{
    struct rpyc_node **items;
    size_t n;
    int rc;
    switch (op) {
    case OP_MARK:
        return rpyc_pickle_push(m, NULL);
    case OP_POP:
        if (m->depth == 0)
            return rpyc_pickle_fail(m, -EINVAL, "its stack is empty");
        m->depth--;
        return 0;
    case OP_POP_MARK:
        rc = rpyc_pickle_marked(m, &items, &n);
        if (rc == 0)
            m->depth -= n + 1;
        return rc;
    case OP_DUP:
        rc = rpyc_pickle_top(m, 1, &items);
        return rc < 0 ? rc : rpyc_pickle_push(m, *items);
    default:
        return 1;
    }
}

/* The number of PUT and GET is a line of decimal digits. */
static int memo_line(struct rpyc_machine *m, uint64_t *index)
{
    const uint8_t *line;
    size_t n;
    struct bench_value value;
    int rc = rpyc_pickle_take_line(m, &line, &n);
    if (rc < 0)
        return rc;
    if (n > 10 || rpyc_int_from_text(m->arena, (const char *)line, n, &value) < 0 ||
        value.integer < 0)
        return rpyc_pickle_fail(m, -EINVAL, "a memo number that is none");
    *index = (uint64_t)value.integer;
    return 0;
}

static int step_memo(struct rpyc_machine *m, uint8_t op)
{
    uint64_t index = m->memo_count;
    int rc;
    switch (op) {
    case OP_MEMOIZE:
        return rpyc_pickle_memoize(m, index);
    case OP_PUT:
    case OP_GET:
        rc = memo_line(m, &index);
        break;
    case OP_BINPUT:
    case OP_BINGET:
        rc = rpyc_pickle_take_number(m, 1, &index);
        break;
    case OP_LONG_BINPUT:
    case OP_LONG_BINGET:
        rc = rpyc_pickle_take_number(m, 4, &index);
        break;
    default:
        return 1;
    }
    if (rc < 0)
        return rc;
    bool put = op == OP_PUT || op == OP_BINPUT || op == OP_LONG_BINPUT;
    return put ? rpyc_pickle_memoize(m, index) : rpyc_pickle_recall(m, index);
}

static int run(struct rpyc_machine *m)
{
    for (;;) {
        const uint8_t *op;
        int rc = rpyc_pickle_take(m, 1, &op);
        if (rc < 0)
            return rc;
        if (*op == OP_STOP)
            return 0;
        if (*op == OP_PROTO || *op == OP_FRAME)
            rc = step_head(m, *op);
        else
            rc = step_scalar(m, *op);
        if (rc > 0)
            rc = step_container(m, *op);
        if (rc > 0)
            rc = step_stack(m, *op);
        if (rc > 0)
            rc = step_memo(m, *op);
        if (rc > 0)
            rc = refuse(m, *op);
        if (rc < 0)
            return rc;
    }
}

/* ---- from nodes to values ---- */

static bool is_container(const struct rpyc_node *node)
{
    enum bench_kind kind = node->value.kind;
    return kind == BENCH_LIST || kind == BENCH_DICT || kind == BENCH_TUPLE || kind == BENCH_SET ||
           kind == BENCH_FROZENSET;
}

static int finish(struct rpyc_machine *m, struct rpyc_node *node, unsigned depth);

/* What the finished child adds to its container. */
static int weigh(struct rpyc_machine *m, struct rpyc_node *node, const struct rpyc_node *child,
                 bool key)
{
    if (key && child->unhashable)
        return rpyc_pickle_fail(m, -EINVAL, "a key or member that can change");
    if (child->height >= RPYC_NESTING_MAX)
        return rpyc_pickle_fail(m, -E2BIG, "nesting deeper than 100");
    if (child->height >= node->height)
        node->height = (uint8_t)(child->height + 1);
    node->unhashable = node->unhashable || child->unhashable;
    node->weight += child->weight; /* each at most a million */
    if (node->weight > RPYC_ITEMS_MAX)
        return rpyc_pickle_fail(m, -E2BIG, "more than a million values when written out");
    return 0;
}

static int finish_items(struct rpyc_machine *m, struct rpyc_node *node, unsigned depth)
{
    enum bench_kind kind = node->value.kind;
    struct bench_value *items = NULL;
    if (node->count > 0) {
        items = bench_arena_alloc(m->arena, node->count * sizeof(*items));
        if (items == NULL)
            return rpyc_pickle_fail(m, -ENOMEM, "no memory for items");
    }
    size_t i = 0;
    node->height = 1;
    for (const struct rpyc_cell *cell = node->first; cell != NULL; cell = cell->next, i++) {
        bool key =
            kind == BENCH_SET || kind == BENCH_FROZENSET || (kind == BENCH_DICT && i % 2 == 0);
        int rc = finish(m, cell->node, depth + 1);
        if (rc == 0)
            rc = weigh(m, node, cell->node, key);
        if (rc < 0)
            return rc;
        items[i] = cell->node->value;
    }
    node->value.seq.items = items;
    node->value.seq.count = node->count;
    return 0;
}

static int finish(struct rpyc_machine *m, struct rpyc_node *node, unsigned depth)
{
    if (node->done)
        return 0;
    if (node->busy)
        return rpyc_pickle_fail(m, -EINVAL, "something that contains itself");
    node->weight = 1;
    if (is_container(node)) {
        if (depth >= RPYC_NESTING_MAX)
            return rpyc_pickle_fail(m, -E2BIG, "nesting deeper than 100");
        enum bench_kind kind = node->value.kind;
        node->unhashable = kind == BENCH_LIST || kind == BENCH_DICT || kind == BENCH_SET;
        node->busy = true;
        int rc = finish_items(m, node, depth);
        if (rc < 0)
            return rc;
        node->busy = false;
    }
    node->done = true;
    return 0;
}

static int read_one(struct rpyc_machine *m, struct bench_value *out)
{
    struct rpyc_node **node;
    int rc = run(m);
    if (rc == 0)
        rc = rpyc_pickle_top(m, 1, &node);
    if (rc < 0)
        return rc;
    if (m->depth != 1)
        return rpyc_pickle_fail(m, -EINVAL, "more than one value");
    if (m->at != m->end)
        return rpyc_pickle_fail(m, -EINVAL, "bytes behind its end");
    rc = finish(m, *node, 0);
    if (rc == 0)
        *out = (*node)->value;
    return rc;
}

int rpyc_pickle_read(struct bench_arena *arena, const void *data, size_t length,
                     struct bench_value *out, struct bench_error *err)
{
    struct rpyc_machine m = {
        .start = data,
        .at = data,
        .end = (const uint8_t *)data + length,
        .arena = arena,
        .values_left = RPYC_ITEMS_MAX,
        .long_left = RPYC_PICKLE_LONG_MAX,
        .err = err,
    };
    bench_arena_init(&m.scratch, SIZE_MAX); /* bounded by the number of values */
    int rc = read_one(&m, out);
    bench_arena_fini(&m.scratch);
    free(m.stack);
    free(m.memo);
    return rc;
}
