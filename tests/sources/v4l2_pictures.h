/* The settings of a camera of v4l2_camera.c, read from its file, and the pictures that it sends.

   Its lines, of which only "mode" must be there:

     card NAME
     mode FOURCC COLSxROWS FPS ...   a format, a size, and its rates, the default one first
     jpegs COUNT FOLDER              so many, 0.jpg, 1.jpg ..., lie there; formats but YUYV, GREY, NV12 and YU12 send them in turn
     refuse NUMBER                   opening it fails with this errno
     stubborn                        stays with its first mode, whatever it is asked for
     metadata                        is a node that captures no pictures, as most webcams have one
     starved                         cannot begin to send, as behind a USB port that carries too much
     silent                          sends nothing
     stuck                           does not come back from being asked for a picture
     frozen                          sends one picture for ever
     black COUNT                     sends black pictures at first
     pad BYTES                       lengthens each row of pixels
     transfer SHARE                  which share of a frame's period it takes to arrive; 0.75 by default
     clock CLOCKID                   stamps its pictures by this clock; 1, the monotonic one, by default
     log FILE                        appends a line there for each size, rate, and number of buffers that it is asked for */
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MODES = 16, RATES = 8 };

struct mode { __u32 format, cols, rows, rates; struct v4l2_fract interval[RATES]; };
struct settings {
    char card[32], jpegs[256], log[256];
    int modes, refuse, is_stubborn, is_metadata, is_starved, is_silent, is_stuck, is_frozen, black, pad, clock;
    unsigned jpeg_count;
    double transfer;
    struct mode mode[MODES];
};

static struct settings read_settings(int file, struct settings before) {
    struct settings settings = {.transfer = 0.75, .clock = CLOCK_MONOTONIC};
    char text[4096], *rest = text, *line, fourcc[5], rates[256];
    ssize_t size = pread(file, text, sizeof text - 1, 0);
    text[size > 0 ? size : 0] = 0;
    strcpy(settings.card, "Preloaded Camera");
    while ((line = strsep(&rest, "\n"))) {
        struct mode *mode = &settings.mode[settings.modes];
        if (sscanf(line, "mode %4s %ux%u %255[^\n]", fourcc, &mode->cols, &mode->rows, rates) == 4 && settings.modes < MODES) {
            mode->format = v4l2_fourcc(fourcc[0], fourcc[1], fourcc[2], fourcc[3]);
            for (char *next = rates, *one; (one = strsep(&next, " ")) && mode->rates < RATES; mode->rates++) {
                struct v4l2_fract *interval = &mode->interval[mode->rates];
                if (sscanf(one, "%u/%u", &interval->denominator, &interval->numerator) < 2) interval->numerator = 1;
            }
            settings.modes++;
        }
        sscanf(line, "card %31[^\n]", settings.card);
        sscanf(line, "jpegs %u %255[^\n]", &settings.jpeg_count, settings.jpegs);
        sscanf(line, "log %255[^\n]", settings.log);
        sscanf(line, "refuse %d", &settings.refuse);
        sscanf(line, "black %d", &settings.black);
        sscanf(line, "pad %d", &settings.pad);
        sscanf(line, "clock %d", &settings.clock);
        sscanf(line, "transfer %lf", &settings.transfer);
        settings.is_stubborn |= !strcmp(line, "stubborn");
        settings.is_metadata |= !strcmp(line, "metadata");
        settings.is_starved |= !strcmp(line, "starved");
        settings.is_silent |= !strcmp(line, "silent");
        settings.is_stuck |= !strcmp(line, "stuck");
        settings.is_frozen |= !strcmp(line, "frozen");
    }
    return settings.modes ? settings : before; /* It is being written. */
}

static int is_same(struct mode *mode, __u32 format, __u32 cols, __u32 rows) {
    return mode->format == format && (!cols || (mode->cols == cols && mode->rows == rows));
}

static struct mode *find(struct settings *settings, int index, __u32 format, __u32 cols, __u32 rows) {
    for (int at = 0; at < settings->modes; at++)
        if (is_same(&settings->mode[at], format, cols, rows) && !index--) return &settings->mode[at];
    return NULL;
}

static struct mode choose(struct settings *settings, struct v4l2_pix_format *pix) {
    __u32 format = find(settings, 0, pix->pixelformat, 0, 0) ? pix->pixelformat : settings->mode[0].format;
    struct mode *mode = NULL;
    for (int at = 0; at < settings->modes; at++) {
        long wanted = (long)pix->width * pix->height, has = (long)settings->mode[at].cols * settings->mode[at].rows;
        if (settings->mode[at].format == format && (!mode || labs(has - wanted) < labs((long)mode->cols * mode->rows - wanted)))
            mode = &settings->mode[at];
    }
    return settings->is_stubborn ? settings->mode[0] : *mode;
}

static void lay_out(struct settings *settings, struct mode *mode, struct v4l2_pix_format *pix) {
    int is_yuyv = mode->format == V4L2_PIX_FMT_YUYV;
    int is_planar = mode->format == V4L2_PIX_FMT_NV12 || mode->format == V4L2_PIX_FMT_YUV420;
    int is_coded = !is_yuyv && !is_planar && mode->format != V4L2_PIX_FMT_GREY;
    int bytes = is_coded ? 0 : mode->cols * (is_yuyv ? 2 : 1) + settings->pad;
    *pix = (struct v4l2_pix_format){.width = mode->cols, .height = mode->rows, .pixelformat = mode->format,
        .field = V4L2_FIELD_NONE, .bytesperline = bytes, .colorspace = V4L2_COLORSPACE_SRGB,
        .sizeimage = is_coded ? mode->cols * mode->rows * 3 : bytes * mode->rows * (is_planar ? 3 : 2) / 2};
}

/* The luma that tests expect: slopes, a square that moves down, and the frame's number in bits along the bottom. */
static unsigned char luma(struct mode *mode, unsigned row, unsigned col, unsigned number) {
    unsigned top = number * 2 % (mode->rows - 16), bit = col / 4;
    if (row >= mode->rows - 4 && bit < 16) return number >> bit & 1 ? 235 : 16;
    if (row >= top && row < top + 16 && col < 16) return 235;
    return 24 + (row + 2 * col) % 200;
}

/* Bluish in the upper half, and reddish in the lower one. */
static unsigned char chroma(struct mode *mode, unsigned row, int is_red) {
    return (row < mode->rows / 2) == is_red ? 122 : 136;
}

static size_t fill(struct settings *settings, struct mode *mode, unsigned char *into, unsigned number) {
    struct v4l2_pix_format pix;
    int is_black = number < (unsigned)settings->black;
    lay_out(settings, mode, &pix);
    if (!pix.bytesperline) {
        char path[300];
        snprintf(path, sizeof path, "%s/%u.jpg", settings->jpegs, number % settings->jpeg_count);
        FILE *file = fopen(path, "rb");
        size_t size = file ? fread(into, 1, pix.sizeimage, file) : 0;
        if (file) fclose(file);
        return size;
    }
    for (unsigned row = 0; row < mode->rows; row++)
        for (unsigned col = 0; col < mode->cols; col++) {
            unsigned char *at = into + row * pix.bytesperline, gray = is_black ? 0 : luma(mode, row, col, number);
            if (pix.pixelformat == V4L2_PIX_FMT_YUYV) at[2 * col] = gray, at[2 * col + 1] = chroma(mode, row, col % 2);
            else at[col] = gray;
        }
    unsigned char *at = into + mode->rows * pix.bytesperline;
    if (pix.pixelformat == V4L2_PIX_FMT_NV12)
        for (unsigned row = 0; row < mode->rows / 2; row++, at += pix.bytesperline)
            for (unsigned col = 0; col < mode->cols; col++) at[col] = chroma(mode, 2 * row, col % 2);
    if (pix.pixelformat == V4L2_PIX_FMT_YUV420)
        for (int is_red = 0; is_red < 2; is_red++)
            for (unsigned row = 0; row < mode->rows / 2; row++, at += pix.bytesperline / 2)
                memset(at, chroma(mode, 2 * row, is_red), mode->cols / 2);
    return pix.sizeimage;
}
