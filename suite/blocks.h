/* SPDX-License-Identifier: MIT */
/*
 * The order of an experiment: which target is measured when within a block. Everything follows from
 * the seed and the number of the block, whatever else was drawn before. Pure.
 */
#ifndef BENCH_BLOCKS_H
#define BENCH_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

/* A stream of its own for each pair of seed and number. */
uint64_t bench_random_stream(uint64_t seed, uint64_t number);
/* 0..n-1 in random order. */
void bench_shuffle(uint64_t *random, size_t *order, size_t n);

/*
 * 0..n-1, each once. Two take turns so that a steady drift of the machine falls on both alike (ABBA:
 * A B in one block, B A in the next); which of them begins is drawn. Others: a random permutation,
 * drawn for each block.
 */
void bench_block_order(uint64_t seed, int block, size_t n, size_t *order);
/* How n targets take turns, for people. */
const char *bench_block_order_words(size_t n);

/* Bytes by which the environment of a server is longer than that of others, 0..4095: where its
 * stack begins depends on it, and with that how fast it is (Mytkowicz et al., ASPLOS 2009). */
enum { BENCH_PADDING_MAX = 4096 };
size_t bench_block_padding(uint64_t seed, int block, size_t position);

#endif
