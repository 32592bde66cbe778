/* report_plots.h - inline SVG for the report's page. Colours are classes of its style sheet:
 * blocked, logged, malicious, suspicious, benign, quiet. */
#ifndef SG_REPORT_PLOTS_H
#define SG_REPORT_PLOTS_H

#include "cli/report_book.h"

/* Columns over time, what was blocked below what was logged. */
void sg_plot_timeline(struct sg_outbuf *out, const struct sg_timeline *line);

/* A ring of malicious, suspicious and benign records. */
void sg_plot_verdicts(struct sg_outbuf *out, const struct sg_book *book);

/* One bar for each of the first rows; of a name that is too long, its end or its beginning. */
void sg_plot_ranking(struct sg_outbuf *out, const struct sg_ranking *ranking, bool keep_end);

/* A column for each class of durations. */
void sg_plot_durations(struct sg_outbuf *out, const struct sg_book *book);

#endif
