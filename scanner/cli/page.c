/* page.c - the look that all pages share. */
#include "cli/page.h"

#include <stdint.h>
#include <string.h>

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" "
    "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n<title>";

static const char look[] =
    "</title>\n<style>\n"
    ":root{--page:#f4f5f7;--card:#fff;--ink:#1b1f27;--soft:#6b7280;--line:#e3e6eb;"
    "--red:#d1383d;--amber:#e8a33d;--green:#3f9d6b;--blue:#4a7bd0}\n"
    "@media(prefers-color-scheme:dark){:root{--page:#14171c;--card:#1d2128;--ink:#e6e8ec;"
    "--soft:#98a1b0;--line:#2f353f;--red:#e5565b;--amber:#e3a84f;--green:#55b583;--blue:#6f9be6}}\n"
    "*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);"
    "font:15px/1.45 system-ui,sans-serif}\n"
    "main{max-width:1280px;margin:0 auto;padding:28px 20px 40px}\n"
    "h1{font-size:26px;margin:0}h2{font-size:15px;margin:0 0 12px;font-weight:600}\n"
    "header p{color:var(--soft);margin:4px 0 20px}\n"
    "section,.tile{background:var(--card);border:1px solid var(--line);border-radius:10px;"
    "padding:16px 18px}\n"
    "svg{display:block;width:100%;height:auto}"
    "text{fill:var(--ink);font:12px system-ui,sans-serif}text.label{font:12px ui-monospace,"
    "monospace}\n"
    "@media(max-width:600px){main{padding:16px 10px 28px}section,.tile{padding:12px}"
    "h1{font-size:21px}}\n";

void sg_page_begin(struct sg_outbuf *out, const char *title, const char *style)
{
    sg_out_text(out, head);
    sg_page_text(out, title);
    sg_out_text(out, look);
    sg_out_text(out, style);
    sg_out_text(out, "</style>\n</head>\n<body>\n<main>\n");
}

void sg_page_end(struct sg_outbuf *out)
{
    sg_out_text(out, "</main>\n</body>\n</html>\n");
}

static const char *entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    default:
        return NULL;
    }
}

/* U+FFFE and U+FFFF: no character of XML, whose readers refuse the whole of it. */
static bool is_no_character(const char *at, size_t len)
{
    return len >= 3 && (memcmp(at, "\xef\xbf\xbe", 3) == 0 || memcmp(at, "\xef\xbf\xbf", 3) == 0);
}

void sg_page_plain(struct sg_outbuf *out, const char *plain, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const char *safe = entity(plain[i]);
        if (is_no_character(plain + i, len - i)) {
            sg_out_format(out, "\\xef\\xbf\\x%02x", (uint8_t)plain[i + 2]);
            i += 2;
        } else if (safe) {
            sg_out_text(out, safe);
        } else {
            sg_out_bytes(out, &plain[i], 1);
        }
    }
}

void sg_page_text(struct sg_outbuf *out, const char *text)
{
    struct sg_outbuf plain = {0};

    sg_out_plain(&plain, text);
    sg_page_plain(out, plain.text, plain.len);
    sg_out_free(&plain);
}
