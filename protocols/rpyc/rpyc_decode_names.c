/* SPDX-License-Identifier: MIT */
#include "bench/value.h"
#include "protocols/rpyc/rpyc_decode_internal.h"

#define TEXT(literal) (literal), sizeof(literal) - 1

struct word {
    const char *text;
    size_t length;
};

static bool is_word(const char *text, size_t length, const struct word *word)
{
    return length == word->length && memcmp(text, word->text, length) == 0;
}

static bool is_in(const char *text, size_t length, const struct word *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_word(text, length, &words[i]))
            return true;
    return false;
}

static bool skip_prefix(const char **text, size_t *length, const char *prefix, size_t n)
{
    if (*length <= n || memcmp(*text, prefix, n) != 0)
        return false;
    *text += n;
    *length -= n;
    return true;
}

static void short_class(const char **text, size_t *length)
{
    if (!skip_prefix(text, length, TEXT("builtins.")))
        (void)skip_prefix(text, length, TEXT("__main__."));
}

uint32_t rpyc_decode_class_name(struct rpyc_decoder *d, const struct rpyc_skim_ref *ref)
{
    const char *text = ref->name;
    size_t length = ref->name_length;
    short_class(&text, &length);
    return bench_names_step(d->setup.names, BENCH_NAME_NONE, BENCH_STEP_TOP, text, length);
}

bool rpyc_decode_is_callable(const struct rpyc_skim_ref *ref)
{
    static const struct word words[] = {
        {TEXT("method")},
        {TEXT("function")},
        {TEXT("builtin_function_or_method")},
        {TEXT("method-wrapper")},
        {TEXT("wrapper_descriptor")},
        {TEXT("method_descriptor")},
        {TEXT("classmethod_descriptor")},
        {TEXT("type")},
    };
    const char *text = ref->name;
    size_t length = ref->name_length;
    if (ref->instance_id == 0) /* a class */
        return true;
    if (!skip_prefix(&text, &length, TEXT("builtins.")))
        return is_word(text, length, &(struct word){TEXT("functools.partial")});
    return is_in(text, length, words, BENCH_COUNT_OF(words));
}

/* Also those of users, who derive from it under a name of their own: only the usual ones. */
bool rpyc_decode_is_slave(const struct rpyc_skim_ref *ref)
{
    static const struct word words[] = {
        {TEXT("rpyc.core.service.SlaveService")},
        {TEXT("rpyc.core.service.ClassicService")},
    };
    return is_in(ref->name, ref->name_length, words, BENCH_COUNT_OF(words));
}

uint32_t rpyc_decode_step(struct rpyc_decoder *d, uint32_t name, uint32_t class_name,
                          enum bench_name_step step, const char *text, size_t length)
{
    struct bench_names *names = d->setup.names;
    if (class_name != BENCH_NAME_NONE && bench_names_depth(names, name) >= BENCH_NAME_STEPS_MAX)
        name = class_name;
    return bench_names_step(names, name, step, text, length);
}

enum bench_verb rpyc_decode_method_verb(const char *text, size_t length)
{
    static const struct {
        struct word word;
        enum bench_verb verb;
    } rows[] = {
        {{TEXT("__next__")}, BENCH_VERB_NEXT},
        {{TEXT("__getitem__")}, BENCH_VERB_ITEM},
        {{TEXT("__iter__")}, BENCH_VERB_ITERATE},
        {{TEXT("__len__")}, BENCH_VERB_LENGTH},
        {{TEXT("__setitem__")}, BENCH_VERB_ITEM},
        {{TEXT("__delitem__")}, BENCH_VERB_ITEM},
        {{TEXT("__contains__")}, BENCH_VERB_ITEM},
        {{TEXT("__missing__")}, BENCH_VERB_ITEM},
        {{TEXT("next")}, BENCH_VERB_NEXT},
        {{TEXT("__reversed__")}, BENCH_VERB_ITERATE},
        {{TEXT("__length_hint__")}, BENCH_VERB_LENGTH},
        {{TEXT("__str__")}, BENCH_VERB_TEXT},
        {{TEXT("__repr__")}, BENCH_VERB_TEXT},
        {{TEXT("__format__")}, BENCH_VERB_TEXT},
        {{TEXT("__hash__")}, BENCH_VERB_TEXT},
        {{TEXT("__dir__")}, BENCH_VERB_TEXT},
        {{TEXT("__eq__")}, BENCH_VERB_TEXT},
        {{TEXT("__ne__")}, BENCH_VERB_TEXT},
        {{TEXT("__lt__")}, BENCH_VERB_TEXT},
        {{TEXT("__le__")}, BENCH_VERB_TEXT},
        {{TEXT("__gt__")}, BENCH_VERB_TEXT},
        {{TEXT("__ge__")}, BENCH_VERB_TEXT},
        {{TEXT("__cmp__")}, BENCH_VERB_TEXT},
    };
    if (length == 0 || (text[0] != '_' && text[0] != 'n'))
        return BENCH_VERB_CALL;
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++)
        if (is_word(text, length, &rows[i].word))
            return rows[i].verb;
    return BENCH_VERB_CALL;
}

const char *rpyc_decode_argument_name(const struct rpyc_skim_ref *ref, size_t *length)
{
    const char *text = ref->name;
    *length = ref->name_length;
    short_class(&text, length);
    if (is_word(text, *length, &(struct word){TEXT("builtin_function_or_method")})) {
        *length = sizeof("function") - 1;
        return "function";
    }
    return text;
}

void rpyc_decode_clean(char *out, size_t size, const char *text, size_t length)
{
    size_t n = 0, step;
    for (size_t i = 0; i < length; i += step) {
        const uint8_t *at = (const uint8_t *)text + i;
        const size_t whole = bench_utf8_length(at, length - i);
        const bool bad = whole == 0 || *at < 0x20 || *at == 0x7f;
        step = whole == 0 ? 1 : whole;
        if (n + (bad ? 1 : step) >= size)
            break;
        memcpy(out + n, bad ? "?" : (const char *)at, bad ? 1 : step);
        n += bad ? 1 : step;
    }
    out[n] = '\0';
}
