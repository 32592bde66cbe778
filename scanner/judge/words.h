/* words.h - what the words that names are made of say. */
#ifndef SG_JUDGE_WORDS_H
#define SG_JUDGE_WORDS_H

#include "ground/bytes.h"

/* An attribute that leads to interpreter internals: __globals__, __subclasses__, f_back … */
bool sg_word_walks(struct sg_text word);

/* One of the words of a dotted chain does. */
bool sg_words_walk(struct sg_text chain);

/* A function that runs, fetches or wipes something: system, popen, urlopen … */
bool sg_word_runs(struct sg_text word);

/* A function that libraries rebuild their objects with: _rebuild_tensor, newObj … */
bool sg_word_rebuilds(struct sg_text word);

/* A part of a library that is not for models: tests, command lines, build helpers. */
bool sg_word_aside(struct sg_text word);

/* A __dunder__ that pickles have no use to call: not __new__ and the like. */
bool sg_word_dunder(struct sg_text word);

/* A module of the standard library that is a folder of modules. */
bool sg_word_package(struct sg_text word);

/* A class, as classes are named: _*[A-Z]… */
bool sg_word_class(struct sg_text word);

#endif
