/* members.h - the parts of a scan that know one format's inside. Included by scan/ only.
 *
 * A function that reads a format is given content of which the beginning was recognised; it names
 * the format, tells what it finds to the judge, and scans what is inside.
 */
#ifndef SG_MEMBERS_H
#define SG_MEMBERS_H

#include "readers/zip.h"
#include "scan/composer.h"

/* members.c: whether a file with this head is for sg_compose_members(). Costs a few comparisons. */
bool sg_members_bid(const uint8_t *head, size_t len);

/* members.c: reads content that is recognised by its first bytes: tar, npy, HDF5, what stands for
 * another file. What needs reading by offset is read only where the feed has a source. False when
 * its first bytes show that it is no pickle. */
bool sg_compose_members(struct sg_composer *c, const struct sg_feed *feed);

/* members.c: the same content from `offset` on. The result points to `feed` and `offset`. */
struct sg_feed sg_feed_from(const struct sg_feed *feed, const uint64_t *offset);

/* torch_tar.c: a member of torch's oldest format, where pickles and raw bytes alternate: reads what
 * follows the raw bytes. Does nothing for other names. */
void sg_compose_torch_tar(struct sg_composer *c, struct sg_text name,
                          const struct sg_source *source);

/* torch_tar.c: a link in place of such a member, which is told. Does nothing for other names. */
void sg_compose_torch_link(struct sg_composer *c, struct sg_text name);

/* hdf5_search.c: HDF5. False when it is none. */
bool sg_compose_hdf5(struct sg_composer *c, const struct sg_source *source);

/* zip_formats.c: what kind of archive the members make it. */
const char *sg_zip_format(const struct sg_zip *zip);

/* zip_formats.c: tells what the archive as a whole carries besides pickles. */
void sg_compose_zip_format(struct sg_composer *c, const struct sg_zip *zip, const char *format);

/* What an archive uses a member for, besides what any member may be. A set, of one at most. */
enum sg_zip_role { SG_ZIP_TEXT = 1, SG_ZIP_CONFIG = 2 };

/* zip_formats.c: the role of a member of that name: program text, a configuration, or none (0). */
unsigned sg_zip_role(const char *format, struct sg_text name);

/* zip_formats.c: reads a member in its role. */
void sg_compose_zip_role(struct sg_composer *c, const char *format, unsigned role,
                         const struct sg_feed *feed);

/* keras_layers.c: a configuration, somewhere in the content. */
void sg_compose_keras(struct sg_composer *c, struct sg_stream *stream);

/* keras_layers.c: content that is nothing but a configuration, in an encoding of its choice. */
void sg_compose_config(struct sg_composer *c, struct sg_stream *stream);

/* Words of code objects. */
#define SG_WORDS_MAX 1024u
#define SG_WORD_MAX 64u

struct sg_code_words {
    size_t count;
    bool any;  /* code was met */
    bool more; /* than are kept */
    struct {
        char at[SG_WORD_MAX];
        uint8_t len;
        bool name; /* else text that the code holds */
    } list[SG_WORDS_MAX];
};

/* code_words.c: code names a function by words only, os and system, somewhere: each pair of words
 * is tried as module and name, and those beyond doubt are told. */
void sg_code_words_note(struct sg_code_words *words, struct sg_text word, bool name);
void sg_code_words_judge(struct sg_composer *c, const struct sg_code_words *words, uint64_t offset);

/* code_words.c: a marshalled code object; false when it is none. Its words name functions: those
 * that are beyond doubt are told. */
bool sg_compose_marshal(struct sg_composer *c, const uint8_t *code, size_t len, uint64_t offset);

/* code_words.c: whether what a name does is beyond doubt: such a one is told
 * wherever it is found. */
#define SG_BEYOND_DOUBT 0.9
bool sg_name_is_certain(struct sg_text module, struct sg_text name);

/* code_words.c: builtins that run text; others share their names with ordinary methods. */
bool sg_name_runs_text(struct sg_text word);

/* code_words.c: a name that would be resolved, as if a pickle named it. */
void sg_compose_name(struct sg_composer *c, struct sg_text module, struct sg_text name,
                     uint64_t offset);

/* python_source.c: program text; names that it uses and that are beyond doubt are told. */
void sg_compose_python(struct sg_composer *c, struct sg_stream *stream, bool torchscript);

/* embedded.c: pickles at any place of the stream that run to their end, and names in text pickles
 * that are beyond doubt. */
void sg_compose_embedded(struct sg_composer *c, const struct sg_source *source, uint64_t offset,
                         uint64_t size);

#endif
