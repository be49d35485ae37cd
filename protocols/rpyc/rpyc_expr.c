/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc_expr.h"

#include <errno.h>
#include <string.h>

#include "protocols/rpyc/rpyc_local.h"

struct scope {
    const char *name;
    size_t length;
    const struct scope *outer;
};

struct parser {
    struct rpyc_scanner s;
    unsigned depth; /* of the brackets around */
    const struct scope *scope;
    const char *counted; /* the place that was asked for last, and its column */
    size_t column;
};

/* Each parse function returns NULL after refuse(). */
static struct rpyc_node *parse_expr(struct parser *p);

static struct rpyc_node *refuse(struct parser *p, const char *at, int code, const char *why)
{
    (void)rpyc_scan_refuse(&p->s, at, code, why);
    return NULL;
}

static void skip_blanks(struct parser *p)
{
    while (p->s.at < p->s.end && (*p->s.at == ' ' || *p->s.at == '\t'))
        p->s.at++;
}

/* The next character that is not blank; 0 at the end. */
static char next_char(struct parser *p)
{
    skip_blanks(p);
    return rpyc_scan_peek(&p->s, 0);
}

static bool accept(struct parser *p, char c)
{
    if (next_char(p) != c)
        return false;
    p->s.at++;
    return true;
}

static size_t name_length(const struct parser *p)
{
    size_t n = 0;
    while (rpyc_scan_is_name(rpyc_scan_peek(&p->s, n), n == 0))
        n++;
    return n;
}

static bool is_word(const char *name, size_t length, const char *word)
{
    return length == strlen(word) && memcmp(name, word, length) == 0;
}

static bool accept_word(struct parser *p, const char *word)
{
    skip_blanks(p);
    if (!is_word(p->s.at, name_length(p), word))
        return false;
    p->s.at += strlen(word);
    return true;
}

static bool begins_character(char c) { return ((unsigned char)c & 0xc0) != 0x80; }

/* From the place before, as nodes lie close to each other. */
static size_t column_of(struct parser *p, const char *at)
{
    for (; p->counted < at; p->counted++)
        p->column += begins_character(*p->counted);
    for (; p->counted > at; p->counted--)
        p->column -= begins_character(p->counted[-1]);
    return p->column;
}

/* ---- nodes ---- */

static struct rpyc_node *new_node(struct parser *p, enum rpyc_node_kind kind, const char *at)
{
    struct rpyc_node *node = bench_arena_alloc(p->s.arena, sizeof(*node));
    if (!node) {
        (void)bench_fail(p->s.err, -ENOMEM, "no memory for an expression");
        return NULL;
    }
    node->kind = kind;
    node->column = column_of(p, at);
    return node;
}

static struct rpyc_node *new_const(struct parser *p, struct bench_value value, const char *at)
{
    struct rpyc_node *node = new_node(p, RPYC_NODE_CONST, at);
    if (node)
        node->value = value;
    return node;
}

static int set_name(struct parser *p, struct rpyc_node *node, const char *name, size_t length)
{
    for (size_t i = 0, n; i < length; i += n) {
        n = bench_utf8_length((const uint8_t *)name + i, length - i);
        if (n == 0)
            return rpyc_scan_refuse(&p->s, name + i, -EINVAL, "not UTF-8");
    }
    node->name = bench_arena_copy(p->s.arena, name, length);
    node->name_length = length;
    return node->name ? 0 : bench_fail(p->s.err, -ENOMEM, "no memory for an expression");
}

/* Appends a child. tail: of the last link. */
static int add_child(struct parser *p, struct rpyc_node *node, struct rpyc_node ***tail,
                     struct rpyc_node *child)
{
    **tail = child;
    *tail = &child->next;
    node->count++;
    if (child->depth + 1 > node->depth)
        node->depth = child->depth + 1;
    return node->depth <= RPYC_EXPR_NESTING_MAX
               ? 0
               : rpyc_scan_refuse(&p->s, p->s.at, -ENOTSUP, "more than 64 steps in each other");
}

/* The node when all its children are constant: one constant of that kind. */
static struct rpyc_node *fold(struct parser *p, struct rpyc_node *node, enum bench_kind kind)
{
    for (const struct rpyc_node *child = node->first; child; child = child->next)
        if (child->kind != RPYC_NODE_CONST)
            return node;
    struct bench_value *items = bench_arena_alloc(p->s.arena, (node->count + 1) * sizeof(*items));
    if (!items) {
        (void)bench_fail(p->s.err, -ENOMEM, "no memory for an expression");
        return NULL;
    }
    size_t n = 0;
    for (const struct rpyc_node *child = node->first; child; child = child->next)
        items[n++] = child->value;
    node->kind = RPYC_NODE_CONST; /* the depth stays: values have a limit too */
    node->value = (struct bench_value){.kind = kind, .seq = {items, n}};
    node->first = NULL;
    return node;
}

/* ---- what is in brackets ---- */

static bool enter(struct parser *p)
{
    if (++p->depth <= RPYC_EXPR_NESTING_MAX)
        return true;
    (void)rpyc_scan_refuse(&p->s, p->s.at, -ENOTSUP, "more than 64 brackets in each other");
    return false;
}

/* Items up to `close`, which is taken. The bracket has been taken. *comma: there was one. */
static int parse_items(struct parser *p, struct rpyc_node *node, char close, bool *comma)
{
    struct rpyc_node **tail = &node->first;
    const char *open = p->s.at - 1;
    *comma = false;
    while (!accept(p, close)) {
        struct rpyc_node *item = parse_expr(p);
        if (!item || add_child(p, node, &tail, item) < 0)
            return -EINVAL;
        if (accept(p, close))
            return 0;
        if (next_char(p) == '\0')
            return rpyc_scan_refuse(&p->s, open, -EINVAL, "bracket without an end");
        if (!accept(p, ','))
            return rpyc_scan_refuse(&p->s, p->s.at, -EINVAL,
                                    close == ')' ? "expected ',' or ')'" : "expected ',' or '}'");
        *comma = true;
    }
    return 0;
}

static struct rpyc_node *parse_paren(struct parser *p)
{
    bool comma;
    struct rpyc_node *node = new_node(p, RPYC_NODE_TUPLE, p->s.at);
    p->s.at++;
    if (!node || !enter(p) || parse_items(p, node, ')', &comma) < 0)
        return NULL;
    p->depth--;
    if (node->count == 1 && !comma)
        return node->first;
    return fold(p, node, BENCH_TUPLE);
}

/* [body for name in iterable]; any other list would go by reference. */
static struct rpyc_node *parse_comprehension(struct parser *p)
{
    const char *start = p->s.at++;
    struct rpyc_node *node = new_node(p, RPYC_NODE_COMPREHENSION, start);
    if (!node || !enter(p))
        return NULL;
    /* The name stands behind the body that uses it: look for it first. */
    const char *body = p->s.at;
    unsigned depth = 0;
    const char *at = body;
    for (; at < p->s.end && (depth > 0 || *at != ']'); at++) {
        if (*at == '\'' || *at == '"') {
            const char quote = *at++;
            while (at < p->s.end && *at != quote)
                at += *at == '\\' ? 2 : 1;
            if (at >= p->s.end)
                break;
        }
        depth += strchr("([{", *at) && *at;
        depth -= depth > 0 && strchr(")]}", *at) && *at;
        if (depth == 0 && at > body && p->s.end - at > 4 && memcmp(at, "for", 3) == 0 &&
            !rpyc_scan_is_name(at[-1], false) && !rpyc_scan_is_name(at[3], false))
            break;
    }
    if (at >= p->s.end || *at != 'f')
        return refuse(p, start, -ENOTSUP,
                      "a list goes by reference, and this client has none to offer; write a tuple");
    struct scope scope = {.outer = p->scope};
    p->s.at = at + 3;
    skip_blanks(p);
    scope.name = p->s.at;
    scope.length = name_length(p);
    if (scope.length == 0 || is_word(scope.name, scope.length, "in"))
        return refuse(p, p->s.at, -EINVAL, "expected a name");
    p->s.at += scope.length;
    if (!accept_word(p, "in"))
        return refuse(p, p->s.at, -EINVAL, "expected 'in'");
    struct rpyc_node **tail = &node->first;
    struct rpyc_node *iterable = parse_expr(p);
    if (!iterable || add_child(p, node, &tail, iterable) < 0 ||
        set_name(p, node, scope.name, scope.length) < 0)
        return NULL;
    if (!accept(p, ']'))
        return refuse(p, p->s.at, -EINVAL, "expected ']'");
    const char *after = p->s.at;
    p->s.at = body;
    p->scope = &scope;
    struct rpyc_node *item = parse_expr(p);
    p->scope = scope.outer;
    if (!item || add_child(p, node, &tail, item) < 0)
        return NULL;
    skip_blanks(p);
    if (p->s.at != at)
        return refuse(p, p->s.at, -EINVAL, "expected 'for'");
    p->s.at = after;
    p->depth--;
    return node;
}

/* ---- our functions ---- */

/* frozenset(), frozenset({1, 2}), frozenset((1, 2)); the bracket has been taken. */
static struct rpyc_node *parse_frozenset(struct parser *p, const char *start)
{
    struct rpyc_node *node = NULL;
    const char *at = p->s.at;
    bool comma;
    if (next_char(p) == ')') {
        node = new_const(p, bench_tuple(NULL, 0), start);
    } else if (next_char(p) == '{') {
        node = new_node(p, RPYC_NODE_TUPLE, p->s.at++);
        if (!node || !enter(p) || parse_items(p, node, '}', &comma) < 0)
            return NULL;
        p->depth--;
        node = fold(p, node, BENCH_TUPLE);
    } else {
        node = parse_expr(p);
    }
    if (!node)
        return NULL;
    if (node->kind != RPYC_NODE_CONST || node->value.kind != BENCH_TUPLE)
        return refuse(p, at, -ENOTSUP, "frozenset() takes a set or a tuple of constants here");
    if (!accept(p, ')'))
        return refuse(p, p->s.at, -EINVAL, "expected ')'");
    if (rpyc_make_frozenset(p->s.arena, &node->value) < 0)
        return refuse(p, start, -ENOMEM, "no memory for an expression");
    return node;
}

static struct rpyc_node *parse_function(struct parser *p, enum rpyc_function function,
                                        const char *start)
{
    if (!accept(p, '('))
        return refuse(p, p->s.at, -EINVAL, "expected '('");
    if (!enter(p))
        return NULL;
    struct rpyc_node *node = NULL;
    if (function == RPYC_FUNCTION_FROZENSET) {
        node = parse_frozenset(p, start);
    } else {
        bool comma;
        node = new_node(p, RPYC_NODE_FUNCTION, start);
        if (!node || parse_items(p, node, ')', &comma) < 0)
            return NULL;
        node->function = function;
        if (node->count != 1)
            return refuse(p, start, -EINVAL, "this function takes one argument");
    }
    p->depth--;
    return node;
}

/* ---- names ---- */

static struct rpyc_node *parse_string(struct parser *p, const char *start, size_t prefix)
{
    bool bytes = false, raw = false, good = prefix <= 2;
    for (size_t i = 0; good && i < prefix; i++) {
        char c = (char)(start[i] | 0x20);
        good = (c == 'b' && !bytes) || (c == 'r' && !raw) || (c == 'u' && prefix == 1);
        bytes = bytes || c == 'b';
        raw = raw || c == 'r';
    }
    if (!good)
        return refuse(p, start, -ENOTSUP, "unknown prefix of a text");
    struct bench_value value;
    p->s.at = start + prefix;
    return rpyc_scan_string(&p->s, bytes, raw, &value) < 0 ? NULL : new_const(p, value, start);
}

/* root, or a name of classic mode, of length n at `at`. NULL without a refusal: neither. */
static struct rpyc_node *parse_top(struct parser *p, const char *start, const char *at, size_t n)
{
    enum rpyc_classic_name name;
    if (is_word(at, n, "root"))
        return new_node(p, RPYC_NODE_ROOT, start);
    if (!rpyc_classic_named(at, n, &name))
        return NULL;
    struct rpyc_node *node = new_node(p, RPYC_NODE_CLASSIC, start);
    if (!node || set_name(p, node, at, n) < 0)
        return NULL;
    node->classic = name;
    return node;
}

static struct rpyc_node *parse_conn(struct parser *p, const char *start)
{
    struct rpyc_node *node = NULL;
    if (accept(p, '.')) {
        skip_blanks(p);
        const char *at = p->s.at;
        const size_t n = name_length(p);
        node = parse_top(p, start, at, n);
        p->s.at += node ? n : 0;
    }
    return node || p->s.err->code < 0
               ? node
               : refuse(p, p->s.at, -ENOTSUP,
                        "expected '.root', or in classic mode '.modules' and the like");
}

static struct rpyc_node *parse_name(struct parser *p)
{
    static const struct {
        const char *word;
        struct bench_value value;
    } constants[] = {
        {"None", {.kind = BENCH_NONE}},
        {"True", {.kind = BENCH_BOOL, .boolean = true}},
        {"False", {.kind = BENCH_BOOL, .boolean = false}},
        {"Ellipsis", {.kind = BENCH_ELLIPSIS}},
        {"NotImplemented", {.kind = BENCH_NOTIMPLEMENTED}},
    };
    static const char *const functions[] = {
        [RPYC_FUNCTION_LEN] = "len",
        [RPYC_FUNCTION_STR] = "str",
        [RPYC_FUNCTION_REPR] = "repr",
        [RPYC_FUNCTION_DIR] = "dir",
        [RPYC_FUNCTION_LIST] = "list",
        [RPYC_FUNCTION_TUPLE] = "tuple",
        [RPYC_FUNCTION_OBTAIN] = "obtain",
        [RPYC_FUNCTION_BUFFITER] = "buffiter",
        [RPYC_FUNCTION_FROZENSET] = "frozenset",
    };
    const char *start = p->s.at;
    const size_t n = name_length(p);
    const char after = rpyc_scan_peek(&p->s, n);
    if (after == '\'' || after == '"')
        return parse_string(p, start, n);
    p->s.at += n;
    for (const struct scope *scope = p->scope; scope; scope = scope->outer) {
        if (scope->length == n && memcmp(scope->name, start, n) == 0) {
            struct rpyc_node *node = new_node(p, RPYC_NODE_VARIABLE, start);
            return node && set_name(p, node, start, n) == 0 ? node : NULL;
        }
    }
    for (size_t i = 0; i < BENCH_COUNT_OF(constants); i++)
        if (is_word(start, n, constants[i].word))
            return new_const(p, constants[i].value, start);
    for (size_t i = 0; i < BENCH_COUNT_OF(functions); i++)
        if (is_word(start, n, functions[i]))
            return parse_function(p, (enum rpyc_function)i, start);
    if (is_word(start, n, "conn"))
        return parse_conn(p, start);
    struct rpyc_node *top = parse_top(p, start, start, n);
    return top || p->s.err->code < 0
               ? top
               : refuse(p, start, -EINVAL,
                        "unknown name; there are root, len, str, repr, dir, list, tuple, "
                        "obtain, buffiter, frozenset and literals");
}

static struct rpyc_node *parse_primary(struct parser *p)
{
    const char c = next_char(p);
    const char *start = p->s.at;
    struct bench_value value;
    if (c == '\0')
        return refuse(p, start, -EINVAL,
                      p->s.at < p->s.end ? "a zero byte"
                                         : "expected an "
                                           "expression");
    if (c == '\'' || c == '"')
        return parse_string(p, start, 0);
    if ((c >= '0' && c <= '9') ||
        (c == '.' && rpyc_scan_peek(&p->s, 1) >= '0' && rpyc_scan_peek(&p->s, 1) <= '9'))
        return rpyc_scan_number(&p->s, &value) < 0 ? NULL : new_const(p, value, start);
    if (c == '.' && rpyc_scan_peek(&p->s, 1) == '.' && rpyc_scan_peek(&p->s, 2) == '.') {
        p->s.at += 3;
        return new_const(p, (struct bench_value){.kind = BENCH_ELLIPSIS}, start);
    }
    if (rpyc_scan_is_name(c, true))
        return parse_name(p);
    if (c == '(')
        return parse_paren(p);
    if (c == '[')
        return parse_comprehension(p);
    if (c == '{')
        return refuse(p, start, -ENOTSUP,
                      "a dict or a set goes by reference, and this client has none to offer; write "
                      "a tuple or frozenset({...})");
    return refuse(p, start, -EINVAL, "expected an expression");
}

/* ---- behind a primary ---- */

static struct rpyc_node *parse_attr(struct parser *p, struct rpyc_node *object)
{
    skip_blanks(p);
    const char *at = p->s.at;
    const size_t n = name_length(p);
    struct rpyc_node *node = new_node(p, RPYC_NODE_ATTR, at);
    if (!node)
        return NULL;
    if (n == 0)
        return refuse(p, at, -EINVAL, "expected a name");
    if (rpyc_local_attribute(at, n))
        return refuse(p, at, -ENOTSUP, "an attribute that a proxy answers itself is never sent");
    p->s.at += n;
    struct rpyc_node **tail = &node->first;
    return set_name(p, node, at, n) == 0 && add_child(p, node, &tail, object) == 0 ? node : NULL;
}

/* NAME = in front of an argument; not NAME ==. 1 = there was one. */
static int parse_keyword(struct parser *p, const char **name, size_t *length)
{
    skip_blanks(p);
    const char *start = p->s.at;
    *length = name_length(p);
    p->s.at += *length;
    if (*length > 0 && accept(p, '=') && rpyc_scan_peek(&p->s, 0) != '=') {
        *name = start;
        return 1;
    }
    p->s.at = start;
    return 0;
}

static bool keyword_twice(const struct rpyc_node *call, const char *name, size_t length)
{
    for (const struct rpyc_node *a = call->first->next; a; a = a->next)
        if (a->keyword && a->keyword_length == length && memcmp(a->keyword, name, length) == 0)
            return true;
    return false;
}

static int parse_argument(struct parser *p, struct rpyc_node *call, struct rpyc_node ***tail,
                          bool *keywords)
{
    const char *name = NULL;
    size_t length = 0;
    const int has_keyword = parse_keyword(p, &name, &length);
    const char *at = p->s.at;
    if (call->count > RPYC_EXPR_ARGS_MAX)
        return rpyc_scan_refuse(&p->s, at, -ENOTSUP, "more than 255 arguments");
    if (next_char(p) == '*')
        return rpyc_scan_refuse(&p->s, p->s.at, -ENOTSUP, "arguments cannot be unpacked here");
    struct rpyc_node *argument = parse_expr(p);
    if (!argument)
        return -EINVAL;
    if (!has_keyword && *keywords)
        return rpyc_scan_refuse(&p->s, at, -EINVAL, "positional argument behind a keyword");
    if (has_keyword) {
        if (keyword_twice(call, name, length))
            return rpyc_scan_refuse(&p->s, name, -EINVAL, "the same keyword twice");
        struct rpyc_node holder = {0};
        if (set_name(p, &holder, name, length) < 0)
            return -EINVAL;
        argument->keyword = holder.name;
        argument->keyword_length = length;
        *keywords = true;
    }
    return add_child(p, call, tail, argument);
}

static struct rpyc_node *parse_call(struct parser *p, struct rpyc_node *callee)
{
    const char *open = p->s.at - 1;
    struct rpyc_node *node = new_node(p, RPYC_NODE_CALL, open);
    if (!node || !enter(p))
        return NULL;
    struct rpyc_node **tail = &node->first;
    bool keywords = false;
    if (add_child(p, node, &tail, callee) < 0)
        return NULL;
    while (!accept(p, ')')) {
        if (next_char(p) == '\0')
            return refuse(p, p->s.at, -EINVAL, "the call has no end");
        if (parse_argument(p, node, &tail, &keywords) < 0)
            return NULL;
        if (accept(p, ')'))
            break;
        if (!accept(p, ','))
            return refuse(p, p->s.at, -EINVAL,
                          next_char(p) ? "expected ',' or ')'" : "the call has no end");
    }
    p->depth--;
    return node;
}

/* start:stop:step, or a plain key. */
static struct rpyc_node *parse_key(struct parser *p)
{
    const char *at = p->s.at;
    struct rpyc_node *parts[3] = {NULL, NULL, NULL};
    size_t n = 0;
    if (next_char(p) != ':') {
        parts[0] = parse_expr(p);
        if (!parts[0] || next_char(p) != ':')
            return parts[0];
    }
    while (n < 2 && accept(p, ':')) {
        n++;
        if (next_char(p) == ':' || next_char(p) == ']' || next_char(p) == ',')
            continue;
        parts[n] = parse_expr(p);
        if (!parts[n])
            return NULL;
    }
    struct rpyc_node *node = new_node(p, RPYC_NODE_SLICE, at);
    struct rpyc_node **tail = node ? &node->first : NULL;
    for (size_t i = 0; node && i < 3; i++) {
        if (!parts[i])
            parts[i] = new_const(p, bench_none(), at);
        if (!parts[i] || add_child(p, node, &tail, parts[i]) < 0)
            return NULL;
    }
    return node ? fold(p, node, BENCH_SLICE) : NULL;
}

static struct rpyc_node *parse_index(struct parser *p, struct rpyc_node *object)
{
    const char *open = p->s.at - 1;
    struct rpyc_node *node = new_node(p, RPYC_NODE_INDEX, open);
    if (!node || !enter(p))
        return NULL;
    struct rpyc_node *key = parse_key(p);
    if (key && next_char(p) == ',') { /* x[1, 2]: the key is a tuple */
        struct rpyc_node *several = new_node(p, RPYC_NODE_TUPLE, open + 1);
        struct rpyc_node **tail = several ? &several->first : NULL;
        while (several && key && add_child(p, several, &tail, key) == 0 && accept(p, ',') &&
               next_char(p) != ']')
            key = parse_key(p);
        if (!several || !key || several->depth > RPYC_EXPR_NESTING_MAX)
            return NULL;
        key = fold(p, several, BENCH_TUPLE);
    }
    if (!key)
        return NULL;
    if (!accept(p, ']'))
        return refuse(p, p->s.at, -EINVAL, next_char(p) ? "expected ']'" : "the key has no end");
    p->depth--;
    struct rpyc_node **tail = &node->first;
    return add_child(p, node, &tail, object) == 0 && add_child(p, node, &tail, key) == 0 ? node
                                                                                         : NULL;
}

static struct rpyc_node *parse_postfix(struct parser *p)
{
    struct rpyc_node *node = parse_primary(p);
    while (node) {
        if (accept(p, '.'))
            node = parse_attr(p, node);
        else if (accept(p, '('))
            node = parse_call(p, node);
        else if (accept(p, '['))
            node = parse_index(p, node);
        else
            break;
    }
    return node;
}

/* Signs in front of a number. */
static struct rpyc_node *parse_unary(struct parser *p)
{
    bool negative = false, sign = false;
    const char *start = (skip_blanks(p), p->s.at);
    for (;; sign = true) {
        if (accept(p, '-'))
            negative = !negative;
        else if (!accept(p, '+'))
            break;
    }
    struct rpyc_node *node = parse_postfix(p);
    if (!node || !sign)
        return node;
    struct bench_value value, twice;
    int rc =
        node->kind == RPYC_NODE_CONST ? rpyc_negate(p->s.arena, &node->value, &value) : -ENOTSUP;
    if (rc == 0 && !negative) {
        twice = value; /* +True is 1, as two signs make it */
        rc = rpyc_negate(p->s.arena, &twice, &value);
    }
    if (rc < 0)
        return refuse(p, start, rc, "a sign needs a number behind it");
    node->value = value;
    node->column = column_of(p, start);
    return node;
}

/* NUMBER + NUMBERj, which is how repr() shows a complex number. */
static struct rpyc_node *parse_expr(struct parser *p)
{
    struct rpyc_node *node = parse_unary(p);
    while (node && (next_char(p) == '+' || next_char(p) == '-')) {
        const char *at = p->s.at++;
        struct rpyc_node *right = parse_postfix(p);
        if (!right)
            return NULL;
        if (node->kind != RPYC_NODE_CONST || right->kind != RPYC_NODE_CONST ||
            rpyc_add_imaginary(&node->value, &right->value, *at == '-') < 0)
            return refuse(p, at, -ENOTSUP, "nothing is added here but the parts of a complex");
    }
    return node;
}

int rpyc_expr_parse(struct bench_arena *arena, const char *text, size_t length,
                    struct rpyc_node **out, struct bench_error *err)
{
    struct bench_error own = {0};
    struct parser p = {.s = {text, text, text + length, arena, &own}, .counted = text, .column = 1};
    if (length > RPYC_EXPR_TEXT_MAX)
        return bench_fail(err, -EMSGSIZE, "expression of %zu bytes, more than %zu", length,
                          RPYC_EXPR_TEXT_MAX);
    struct rpyc_node *node = parse_expr(&p);
    if (node && next_char(&p) != '\0')
        node = refuse(&p, p.s.at, -EINVAL, "something behind the expression");
    else if (node && p.s.at < p.s.end)
        node = refuse(&p, p.s.at, -EINVAL, "a zero byte");
    if (!node) {
        if (err)
            *err = own;
        return own.code < 0 ? own.code : -EINVAL;
    }
    *out = node;
    return 0;
}
