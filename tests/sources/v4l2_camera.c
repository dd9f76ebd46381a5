/* A V4L2 camera without any hardware, loaded into a program with LD_PRELOAD, so that OpenCV's own V4L2 backend runs.

   The folder that V4L2_CAMERAS names stands for /dev: a text file videoN in it is a camera. Removing the file pulls the
   cable; writing into it changes the camera while it runs. What can stand there is listed in v4l2_pictures.h.

   By hand: gcc -shared -fPIC -o /tmp/camera.so tests/sources/v4l2_camera.c -ldl -lpthread
            mkdir /tmp/dev && echo 'mode YUYV 640x480 30' >/tmp/dev/video0
            V4L2_CAMERAS=/tmp/dev LD_PRELOAD=/tmp/camera.so livefilter preview 0

   As uvcvideo does: any program may open it and ask what it offers; who sets a format, or asks for buffers, owns it until the
   buffers are given back, and others get EBUSY. A frame goes into a buffer that is queued when the frame begins. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "v4l2_pictures.h"

#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))
#define FAIL(number) return errno = (number), -1
enum { BUFFERS = 32, HANDLES = 4096, PAGE = 4096 };

struct camera {
    pid_t process;
    int file, memory, count, queued, done, queue[BUFFERS], finished[BUFFERS];
    volatile int is_streaming, is_gone;
    size_t length;
    struct settings settings;
    struct mode mode; /* The one in force; its first interval is the rate's. */
    struct v4l2_buffer buffer[BUFFERS];
    pthread_t thread;
    pthread_mutex_t lock;
};
static struct camera *cameras[HANDLES]; /* By descriptor: an eventfd that counts the finished frames, so poll works. */

static struct camera *camera_of(int fd) {
    struct camera *camera = fd >= 0 && fd < HANDLES ? cameras[fd] : NULL;
    return camera && camera->process == getpid() ? camera : NULL; /* A child that closes what it inherited ends nothing. */
}

static void note(struct camera *camera, const char *what, unsigned one, unsigned two) {
    FILE *log = *camera->settings.log ? fopen(camera->settings.log, "a") : NULL;
    if (log) fprintf(log, "%s %u %u\n", what, one, two), fclose(log);
}

static struct timespec later(struct timespec from, double seconds) {
    long long ns = from.tv_sec * 1000000000ll + from.tv_nsec + (long long)(seconds * 1e9);
    return (struct timespec){ns / 1000000000, ns % 1000000000};
}

static void *stream(void *of) {
    int fd = (int)(long)of;
    struct camera *camera = cameras[fd];
    struct timespec start, stamp;
    struct stat status;
    unsigned char *memory = mmap(NULL, camera->count * camera->length, PROT_READ | PROT_WRITE, MAP_SHARED, camera->memory, 0);
    double period = (double)camera->mode.interval[0].numerator / camera->mode.interval[0].denominator;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (unsigned number = 0, shown = 0; camera->is_streaming; number++) {
        struct timespec begins = later(start, number * period), ends = later(begins, period * camera->settings.transfer);
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &begins, NULL);
        camera->is_gone = fstat(camera->file, &status) || !status.st_nlink;
        camera->settings = read_settings(camera->file, camera->settings);
        if (camera->is_gone) {
            eventfd_write(fd, 1 << 20);
            break;
        }
        pthread_mutex_lock(&camera->lock);
        int index = camera->queued && !camera->settings.is_silent ? camera->queue[0] : -1;
        if (index >= 0) memmove(camera->queue, camera->queue + 1, --camera->queued * sizeof *camera->queue);
        pthread_mutex_unlock(&camera->lock);
        if (index < 0) continue;
        clock_gettime(camera->settings.clock, &stamp);
        stamp = camera->settings.clock == CLOCK_MONOTONIC ? begins : stamp;
        shown = camera->settings.is_frozen ? shown : number;
        size_t size = fill(&camera->settings, &camera->mode, memory + index * camera->length, shown);
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ends, NULL);
        pthread_mutex_lock(&camera->lock);
        struct v4l2_buffer *buffer = &camera->buffer[index];
        buffer->bytesused = size;
        buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
        buffer->sequence = number;
        buffer->timestamp = (struct timeval){stamp.tv_sec, stamp.tv_nsec / 1000};
        camera->finished[camera->done++] = index;
        pthread_mutex_unlock(&camera->lock);
        eventfd_write(fd, 1);
    }
    munmap(memory, camera->count * camera->length);
    return NULL;
}

static int stop(int fd, struct camera *camera) {
    eventfd_t one;
    if (camera->is_streaming) camera->is_streaming = 0, pthread_join(camera->thread, NULL);
    while (!camera->is_gone && !eventfd_read(fd, &one)) continue;
    return camera->queued = camera->done = 0;
}

static int answer(int fd, struct camera *camera, unsigned request, void *about) {
    struct settings *settings = &camera->settings;
    if (camera->is_gone) FAIL(ENODEV);
    if (request == VIDIOC_S_FMT || request == VIDIOC_S_PARM || request == VIDIOC_REQBUFS)
        if (flock(camera->file, LOCK_EX | LOCK_NB) || camera->is_streaming) FAIL(EBUSY);
    switch (request) {
    case VIDIOC_QUERYCAP: {
        __u32 own = settings->is_metadata ? V4L2_CAP_META_CAPTURE : V4L2_CAP_VIDEO_CAPTURE;
        struct v4l2_capability whole = {.driver = "uvcvideo", .bus_info = "usb-0000:00:14.0-1", .device_caps = own | V4L2_CAP_STREAMING,
            .capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_META_CAPTURE | V4L2_CAP_STREAMING | V4L2_CAP_DEVICE_CAPS};
        memcpy(whole.card, settings->card, sizeof settings->card);
        return *(struct v4l2_capability *)about = whole, 0;
    }
    case VIDIOC_ENUM_FMT: {
        struct v4l2_fmtdesc *format = about;
        int index = format->index;
        for (int at = 0; at < settings->modes; at++)
            if (find(settings, 0, settings->mode[at].format, 0, 0) == &settings->mode[at] && !index--)
                return format->pixelformat = settings->mode[at].format, 0;
        FAIL(EINVAL);
    }
    case VIDIOC_ENUM_FRAMESIZES: {
        struct v4l2_frmsizeenum *size = about;
        struct mode *mode = find(settings, size->index, size->pixel_format, 0, 0);
        if (!mode) FAIL(EINVAL);
        size->type = V4L2_FRMSIZE_TYPE_DISCRETE, size->discrete.width = mode->cols, size->discrete.height = mode->rows;
        return 0;
    }
    case VIDIOC_ENUM_FRAMEINTERVALS: {
        struct v4l2_frmivalenum *rate = about;
        struct mode *mode = find(settings, 0, rate->pixel_format, rate->width, rate->height);
        if (!mode || rate->index >= mode->rates) FAIL(EINVAL);
        return rate->type = V4L2_FRMIVAL_TYPE_DISCRETE, rate->discrete = mode->interval[rate->index], 0;
    }
    case VIDIOC_S_FMT:
        if (camera->count) FAIL(EBUSY);
        note(camera, "size", ((struct v4l2_format *)about)->fmt.pix.width, ((struct v4l2_format *)about)->fmt.pix.height);
        camera->mode = choose(settings, &((struct v4l2_format *)about)->fmt.pix); /* fall through */
    case VIDIOC_G_FMT: return lay_out(settings, &camera->mode, &((struct v4l2_format *)about)->fmt.pix), 0;
    case VIDIOC_S_PARM: {
        struct v4l2_fract *asked = &((struct v4l2_streamparm *)about)->parm.capture.timeperframe, *interval = camera->mode.interval;
        struct mode *mode = find(settings, 0, camera->mode.format, camera->mode.cols, camera->mode.rows);
        double wanted = (double)asked->numerator / asked->denominator, best = 1e9;
        note(camera, "rate", asked->denominator, asked->numerator);
        for (unsigned at = 0; at < (settings->is_stubborn ? 1 : mode->rates); at++) {
            double off = (double)mode->interval[at].numerator / mode->interval[at].denominator - wanted;
            if ((off < 0 ? -off : off) < best) best = off < 0 ? -off : off, *interval = mode->interval[at];
        }
    } /* fall through */
    case VIDIOC_G_PARM: {
        struct v4l2_captureparm *capture = &((struct v4l2_streamparm *)about)->parm.capture;
        return capture->capability = V4L2_CAP_TIMEPERFRAME, capture->timeperframe = camera->mode.interval[0], 0;
    }
    case VIDIOC_REQBUFS: {
        struct v4l2_requestbuffers *asked = about;
        struct v4l2_pix_format pix;
        lay_out(settings, &camera->mode, &pix);
        camera->count = asked->count = asked->count < BUFFERS ? asked->count : BUFFERS;
        camera->length = (pix.sizeimage + PAGE - 1) / PAGE * PAGE;
        note(camera, "buffers", asked->count, 0);
        for (int at = 0; at < camera->count; at++)
            camera->buffer[at] = (struct v4l2_buffer){.index = at, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP,
                .length = camera->length, .m.offset = at * camera->length};
        camera->queued = 0;
        if (!camera->count) flock(camera->file, LOCK_UN);
        return ftruncate(camera->memory, camera->count * camera->length);
    }
    case VIDIOC_QUERYBUF: return *(struct v4l2_buffer *)about = camera->buffer[((struct v4l2_buffer *)about)->index], 0;
    case VIDIOC_QBUF: {
        int index = ((struct v4l2_buffer *)about)->index, is_queued = 0;
        pthread_mutex_lock(&camera->lock);
        for (int at = 0; at < camera->queued; at++) is_queued |= camera->queue[at] == index;
        if (!is_queued) camera->queue[camera->queued++] = index;
        pthread_mutex_unlock(&camera->lock);
        if (is_queued) FAIL(EINVAL);
        return 0;
    }
    case VIDIOC_DQBUF: {
        eventfd_t one;
        if (!camera->is_streaming) FAIL(EINVAL);
        while (settings->is_stuck) usleep(10000);
        if (eventfd_read(fd, &one)) FAIL(EAGAIN);
        if (camera->is_gone) FAIL(ENODEV);
        pthread_mutex_lock(&camera->lock);
        *(struct v4l2_buffer *)about = camera->buffer[camera->finished[0]];
        memmove(camera->finished, camera->finished + 1, --camera->done * sizeof *camera->finished);
        return pthread_mutex_unlock(&camera->lock);
    }
    case VIDIOC_STREAMON:
        if (settings->is_starved) FAIL(ENOSPC);
        camera->is_streaming = 1;
        return pthread_create(&camera->thread, NULL, stream, (void *)(long)fd);
    case VIDIOC_STREAMOFF: return stop(fd, camera);
    default: FAIL(ENOTTY);
    }
}

/* Returns where a path in /dev truly lies. */
static const char *truly(const char *path, char *into) {
    const char *folder = getenv("V4L2_CAMERAS");
    if (!folder || !path || (strcmp(path, "/dev") && strncmp(path, "/dev/v", 6))) return path;
    return snprintf(into, 512, "%s%s", folder, path + 4), into;
}

static int open_camera(const char *path, int flags, int permissions) {
    char into[512];
    const char *found = truly(path, into);
    int file = REAL(open)(found, found == path ? flags : O_RDWR | O_CLOEXEC, permissions), fd;
    if (found == path || file < 0) return file;
    struct camera *camera = calloc(1, sizeof *camera);
    camera->settings = read_settings(file, camera->settings);
    camera->mode = camera->settings.mode[0];
    fd = camera->settings.refuse ? -1 : eventfd(0, EFD_NONBLOCK | EFD_SEMAPHORE | EFD_CLOEXEC);
    if (fd < 0) {
        int number = camera->settings.refuse;
        free(camera), REAL(close)(file);
        FAIL(number);
    }
    camera->process = getpid(), camera->file = file, camera->memory = memfd_create("frames", MFD_CLOEXEC);
    pthread_mutex_init(&camera->lock, NULL);
    return (cameras[fd] = camera), fd;
}

#define OPEN(name) int name(const char *path, int flags, ...) { \
    va_list rest; va_start(rest, flags); int permissions = va_arg(rest, int); va_end(rest); \
    return open_camera(path, flags, permissions); }
OPEN(open) OPEN(open64)

int close(int fd) {
    struct camera *camera = camera_of(fd);
    if (camera) {
        stop(fd, camera), cameras[fd] = NULL;
        REAL(close)(camera->file), REAL(close)(camera->memory), free(camera);
    }
    return REAL(close)(fd);
}

int ioctl(int fd, unsigned long request, ...) {
    va_list rest; va_start(rest, request); void *about = va_arg(rest, void *); va_end(rest);
    struct camera *camera = camera_of(fd);
    return camera ? answer(fd, camera, (unsigned)request, about) : REAL(ioctl)(fd, request, about);
}

#define MMAP(name) void *name(void *at, size_t length, int protection, int flags, int fd, off_t offset) { \
    struct camera *camera = camera_of(fd); \
    return REAL(name)(at, length, protection, flags, camera ? camera->memory : fd, offset); }
MMAP(mmap) MMAP(mmap64)

int poll(struct pollfd *asked, nfds_t count, int timeout_ms) {
    int found = REAL(poll)(asked, count, timeout_ms);
    for (nfds_t at = 0; at < count; at++) /* A device that is gone says so, as the kernel's does. */
        if (camera_of(asked[at].fd) && camera_of(asked[at].fd)->is_gone) asked[at].revents = POLLERR | POLLHUP;
    return found;
}

#define LOOK(name, kind) int name(const char *path, kind about) { char into[512]; return REAL(name)(truly(path, into), about); }
LOOK(stat, struct stat *) LOOK(lstat, struct stat *) LOOK(stat64, struct stat64 *) LOOK(lstat64, struct stat64 *) LOOK(access, int)

DIR *opendir(const char *path) { char into[512]; return REAL(opendir)(truly(path, into)); }

/* Also what /proc says of the files that other programs have open. */
ssize_t readlink(const char *path, char *target, size_t size) {
    char into[512], *folder = getenv("V4L2_CAMERAS");
    ssize_t length = REAL(readlink)(truly(path, into), target, size), head = folder ? strlen(folder) : 0;
    if (!folder || length <= head || strncmp(target, folder, head)) return length;
    memmove(target + 4, target + head, length - head), memcpy(target, "/dev", 4);
    return length - head + 4;
}
