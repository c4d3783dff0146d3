/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/record.h"

#define KNOWN_FLAGS                                                                                \
	(KMN_HAS_STACK | KMN_STACK_INLINE | KMN_STACK_TRUNCATED | KMN_STACK_CALLER_SP |            \
	 KMN_UNPAIRED | KMN_FETCH_CUT)

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "records are read in place, which needs a little-endian processor"
#endif

/* Arguments that every record of a kind has, so that readers can rely on them. */
static const uint8_t least_args[] = {
	[KMN_MODULE_LOAD] = 2, [KMN_MODULE_UNLOAD] = 2, [KMN_LOSS] = 2,
	[KMN_SUSPEND] = 1,     [KMN_RESUME] = 1,
};

static int check_header(const struct kmn_header *header, size_t available, struct error *err)
{
	if (header->length < sizeof(*header) || header->length > KMN_MAX_RECORD ||
	    header->length % 8)
		return error_set(err, "a record says it is %u bytes long, which none can be",
				 header->length);
	if (header->length > available)
		return error_set(err, "a record says it is %u bytes long, but only %zu are left",
				 header->length, available);
	if (header->kind < KMN_ENTRY || header->kind >= sizeof(least_args))
		return error_set(err, "a record is of the unknown kind %u", header->kind);
	if (header->context > KMN_NMI)
		return error_set(err, "a record has the unknown context %u", header->context);
	if (header->flags & ~KNOWN_FLAGS)
		return error_set(err, "a record has unknown flags (0x%x)", header->flags);
	if (header->n_args > KMN_MAX_ARGS || header->n_fetches > KMN_MAX_FETCHES ||
	    header->n_frames > KMN_MAX_FRAMES)
		return error_set(err,
				 "a record says it has %u arguments, %u fetched data and %u frames",
				 header->n_args, header->n_fetches, header->n_frames);
	if (header->n_args < least_args[header->kind])
		return error_set(err, "a record of kind '%s' has only %u arguments",
				 kmn_kind_name(header->kind), header->n_args);
	if (header->flags & KMN_STACK_INLINE ? !(header->flags & KMN_HAS_STACK)
					     : header->n_frames != 0)
		return error_set(err, "a record's stack flags (0x%x) contradict its %u frames",
				 header->flags, header->n_frames);
	return 0;
}

/* Length of the fetched data at `at`, without the padding that follows; -1 if it leaves `room`. */
static int fetched_length(const unsigned char *at, size_t room, uint8_t n_fetches,
			  struct error *err)
{
	size_t used = 0;

	for (uint8_t i = 0; i < n_fetches; i++) {
		const struct kmn_fetched *fetched;
		size_t padded;

		if (room - used < sizeof(*fetched))
			return error_set(err, "a record's fetched datum %u is outside of it", i);
		fetched = (const struct kmn_fetched *)(at + used);
		used += sizeof(*fetched);
		padded = ((size_t)fetched->length + 3) & ~(size_t)3;
		if (padded > room - used)
			return error_set(err, "a record's fetched datum %u (%u bytes) leaves it", i,
					 fetched->length);
		if (fetched->fetch >= KMN_MAX_FETCHES || fetched->status > KMN_FETCH_NULL ||
		    (fetched->status >= KMN_FETCH_FAULT && fetched->length))
			return error_set(err,
					 "a record's fetched datum %u makes no sense "
					 "(fetch %u, status %u, %u bytes)",
					 i, fetched->fetch, fetched->status, fetched->length);
		used += padded;
	}
	return (int)used;
}

int record_parse(const void *bytes, size_t available, struct record_view *view, struct error *err)
{
	const struct kmn_header *header = bytes;
	const unsigned char *base = bytes;
	struct record_view parsed = {.header = header};
	size_t at = sizeof(*header);
	size_t tail;
	int fetched;

	if (available < sizeof(*header))
		return error_set(err, "a record's header is cut: %zu of %zu bytes", available,
				 sizeof(*header));
	if (check_header(header, available, err))
		return -1;
	if (header->kind == KMN_RETURN) {
		parsed.ret = (const struct kmn_return *)(base + at);
		at += sizeof(*parsed.ret);
	}
	if (header->flags & KMN_HAS_STACK) {
		parsed.stack = (const struct kmn_stack *)(base + at);
		at += sizeof(*parsed.stack);
	}
	parsed.args = (const uint64_t *)(base + at);
	at += header->n_args * sizeof(uint64_t);
	/* n_frames is 0 without KMN_STACK_INLINE: check_header saw to it. */
	tail = header->n_frames * sizeof(uint64_t);
	if (at + tail > header->length)
		return error_set(err, "a record's parts need %zu bytes, it is %u long", at + tail,
				 header->length);
	parsed.fetched = base + at;
	if (header->n_fetches) {
		fetched = fetched_length(base + at, header->length - tail - at, header->n_fetches,
					 err);
		if (fetched < 0)
			return -1;
		parsed.fetched_length = (size_t)fetched;
		at = (at + (size_t)fetched + 7) & ~(size_t)7;
	}
	if (at + tail != header->length)
		return error_set(err, "a record's parts need %zu bytes, it is %u long", at + tail,
				 header->length);
	if (header->flags & KMN_STACK_INLINE)
		parsed.frames = (const uint64_t *)(base + at);
	*view = parsed;
	return header->length;
}

bool record_fetched(const struct record_view *view, uint8_t fetch, struct kmn_fetched *what,
		    const unsigned char **data)
{
	const unsigned char *at = view->fetched;

	for (uint8_t i = 0; i < view->header->n_fetches; i++) {
		const struct kmn_fetched *fetched = (const struct kmn_fetched *)at;

		at += sizeof(*fetched);
		if (fetched->fetch == fetch) {
			*what = *fetched;
			*data = at;
			return true;
		}
		at += ((size_t)fetched->length + 3) & ~(size_t)3;
	}
	return false;
}

const char *kmn_kind_name(uint8_t kind)
{
	switch (kind) {
#define KMN_KIND_NAME(name, number, text)                                                          \
	case number:                                                                               \
		return text;
		KMN_KINDS(KMN_KIND_NAME)
#undef KMN_KIND_NAME
	}
	return "unknown";
}

const char *kmn_context_name(uint8_t context)
{
	static const char *const names[] = {"task", "softirq", "hardirq", "nmi"};

	return context < sizeof(names) / sizeof(names[0]) ? names[context] : "unknown";
}
