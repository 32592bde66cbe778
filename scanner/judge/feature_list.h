/* feature_list.h - the features that the model learns from, one row each: id, kind, what it is.
 *
 * A feature is a row here and a line in features.c (call sites) or structure.c (streams). All are
 * small integers. Kinds: BIT is 0 or 1; COUNT is capped at 15; BIN is a logarithm, at most 31; CODE is
 * one of a few, up to 31; SUM is any sum of 16 bits; SHARE is thousandths of the whole. The
 * build takes the checksum of this file (SG_FEATURE_HASH): tables that were learned from another
 * list do not compile, and model files of another list are refused.
 */
#ifndef SG_FEATURE_LIST_H
#define SG_FEATURE_LIST_H

/* A call site. "Name" is the callee's, or of what the callee was taken or made from. */
#define SG_SITE_FEATURES(X)                                                                        \
    X(SINK, CODE, "how bad what the name is known to reach is")                                    \
    X(DISTANCE, CODE, "calls from the name to it")                                                 \
    X(SOFT, BIT, "known to be ordinary in itself")                                                 \
    X(INIT, BIT, "known by its constructor only")                                                  \
    X(INSIDE, BIT, "what is known is part of a longer name")                                       \
    X(STORES, BIT, "known by its __setstate__, append, ...")                                       \
    X(LIBRARY, BIT, "of a library that clean models are made with")                                \
    X(STDLIB, BIT, "of the standard library")                                                      \
    X(MAIN, BIT, "of __main__")                                                                    \
    X(ASIDE, BIT, "of tests, tools or command lines")                                              \
    X(CLASS, BIT, "named as classes are")                                                          \
    X(VERB, BIT, "its last word says that it runs something")                                      \
    X(REBUILD, BIT, "its last word says that it rebuilds an object")                               \
    X(DUNDER, BIT, "has an attribute that leads to interpreter internals")                         \
    X(DUNDER_LAST, BIT, "ends in a __dunder__")                                                    \
    X(PRIVATE, BIT, "its last word begins with an underscore")                                     \
    X(PRIVATE_MODULE, BIT, "a part of its module does")                                            \
    X(MODULE_DEPTH, COUNT, "parts of the module's name")                                           \
    X(NAME_DEPTH, COUNT, "parts of the name in it")                                                \
    X(WORDS, COUNT, "words in the last part")                                                      \
    X(NAME_LENGTH, BIN, "length of the last part")                                                 \
    X(UPPER, BIT, "the last part is all capitals")                                                 \
    X(LONG, BIT, "more parts than names have")                                                     \
    X(GRAMS, SUM, "what its letters and words say")                                                \
    X(COMPUTED, BIT, "found by a call")                                                            \
    X(PYTHON2, BIT, "a name of Python 2")                                                          \
    X(EXTENSION, BIT, "named by an extension code")                                                \
    X(ODD, BIT, "not made of identifiers")                                                         \
    X(INSTANCE, BIT, "attribute of an instance")                                                   \
    X(UNRESOLVED, BIT, "an operand of the name is not known")                                      \
    X(CALLEE, CODE, "what is called: a name, a result, a method, ...")                             \
    X(BASE, CODE, "what the method is taken from")                                                 \
    X(OPCODE, CODE, "how it is called")                                                            \
    X(ARGUMENTS, COUNT, "arguments")                                                               \
    X(KEYWORDS, COUNT, "keyword arguments")                                                        \
    X(FIRST, CODE, "kind of the first argument")                                                   \
    X(DEPTH, COUNT, "how deep the arguments are nested")                                           \
    X(STRINGS, COUNT, "strings among the arguments, at all depths")                                \
    X(BYTES, COUNT, "bytes")                                                                       \
    X(NUMBERS, COUNT, "numbers")                                                                   \
    X(CONSTANTS, COUNT, "None, True, False")                                                       \
    X(CONTAINERS, COUNT, "tuples, lists, dicts, sets")                                             \
    X(GLOBALS, COUNT, "names")                                                                     \
    X(RESULTS, COUNT, "results of calls")                                                          \
    X(UNKNOWNS, COUNT, "what is not known")                                                        \
    X(LONGEST, BIN, "length of the longest string")                                                \
    X(WORD, BIT, "an identifier among the strings")                                                \
    X(SHELL, BIT, "a command line")                                                                \
    X(CODE, BIT, "program text")                                                                   \
    X(PAYLOAD, BIT, "command or program text that no model has a use for")                         \
    X(URL, BIT, "an address")                                                                      \
    X(HOST, BIT, "a host with its port")                                                           \
    X(PATH, BIT, "a path")                                                                         \
    X(ENCODED, BIT, "base64 or hexadecimal")                                                       \
    X(WALK, BIT, "an attribute that leads to interpreter internals")                               \
    X(RUNS, BIT, "the name of a function that runs something")                                     \
    X(PICKLE, BIT, "a pickle")                                                                     \
    X(MARSHAL, BIT, "marshalled code")                                                             \
    X(DUNDERS, BIT, "a __dunder__")                                                                \
    X(LINES, BIT, "more than one line")                                                            \
    X(SPACES, BIT, "more than one word")                                                           \
    X(DISCARDED, BIT, "the result is thrown away")                                                 \
    X(CALLED, BIT, "the result is called")                                                         \
    X(BUILT, BIT, "the result is given a state")                                                   \
    X(NESTED, BIT, "in a pickle that is inside another")

/* The beginning of a stream: its opcodes, as a disassembler reads them. */
#define SG_STREAM_FEATURES(X)                                                                      \
    X(OPCODES, BIN, "opcodes read")                                                                \
    X(KINDS, COUNT, "kinds of opcodes, by four")                                                   \
    X(PROTOCOL, CODE, "protocol")                                                                  \
    X(NAMES, SHARE, "opcodes that name a global")                                                  \
    X(CALLS, SHARE, "opcodes that call")                                                           \
    X(PUTS, SHARE, "opcodes that set the memo")                                                    \
    X(GETS, SHARE, "opcodes that read the memo")                                                   \
    X(TEXT, SHARE, "bytes of strings")                                                             \
    X(CALLS_TO_BUILDS, SHARE, "calls whose result is given a state at once")                       \
    X(NAMES_TO_CALLS, SHARE, "names that are called at once, with what lies between")              \
    X(MEAN_TEXT, BIN, "mean length of strings")                                                    \
    X(STOPPED, BIT, "STOP was reached")                                                            \
    X(BROKEN, BIT, "a byte that is no opcode was reached")

/* … and the share of each opcode of pickletools, in thousandths. */
#define SG_OPCODES_COUNTED 68

#endif
