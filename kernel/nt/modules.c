/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The modules of the kernel and what their images tell. PASSIVE_LEVEL. */
#include "trace.h"
#include "unwind.h"

#include <ntimage.h>

#define MAX_MODULES 512

/* The loader's own list, which a driver's DriverSection is a link of: the same since NT 4. */
struct loaded {
	LIST_ENTRY order, memory, init;
	void *base, *entry;
	ULONG size;
	UNICODE_STRING path, name;
};

/* NtQuerySystemInformation's class 11, the same since NT 4. */
struct system_modules {
	ULONG n;
	struct {
		HANDLE section;
		void *mapped, *base;
		ULONG size, flags;
		USHORT index, init, uses, name;
		char path[256];
	} module[];
};

/* What was loaded when it was last looked. */
static struct trace_module *listed;
static size_t n_listed;

/* What was loaded since START. */
#define MAX_ROSTER 768
static struct roster roster;
static void *ranges_memory;
/* For making trace.ranges. */
static struct range *drafted;

/* Where the branches of each module go that a function was hooked in. */
static struct hook_targets targets[64];
static unsigned n_targets;

static void copy_text(char *to, size_t room, const char *from)
{
	size_t i = 0;

	for (; i < room - 1 && from[i]; i++)
		to[i] = from[i];
	for (; i < room; i++)
		to[i] = '\0';
}

static void copy_wide(char *to, ULONG room, const UNICODE_STRING *from)
{
	ULONG n = 0;

	RtlZeroMemory(to, room);
	RtlUnicodeToMultiByteN(to, room - 1, &n, from->Buffer, from->Length);
}

static size_t list_by_loader(struct trace_module *modules, size_t n)
{
	const LIST_ENTRY *first = trace.driver->DriverSection, *link = first;
	size_t done = 0;

	do {
		const struct loaded *loaded = (const struct loaded *)link;

		link = link->Flink;
		/* The list's head is no module. */
		if (!loaded->base || !loaded->size || (uintptr_t)loaded->base % PAGE_SIZE)
			continue;
		modules[done] = (struct trace_module){.base = (uintptr_t)loaded->base,
						      .size = loaded->size};
		copy_wide(modules[done].name, sizeof(modules[done].name), &loaded->name);
		copy_wide(modules[done].path, sizeof(modules[done].path), &loaded->path);
		done++;
	} while (link != first && done < n);
	return done;
}

static size_t list_by_system(struct trace_module *modules, size_t n)
{
	struct system_modules *system;
	ULONG size = 0;
	size_t done = 0;

	system_query(11, &size, 0, &size);
	size += 64 * 1024; /* for what is loaded in the meantime */
	system = trace_allocate(size);
	if (system && NT_SUCCESS(system_query(11, system, size, NULL))) {
		for (; done < system->n && done < n; done++) {
			modules[done] =
				(struct trace_module){.base = (uintptr_t)system->module[done].base,
						      .size = system->module[done].size};
			copy_text(modules[done].path, sizeof(modules[done].path),
				  system->module[done].path);
			copy_text(modules[done].name, sizeof(modules[done].name),
				  system->module[done].path + (system->module[done].name & 255));
		}
	}
	trace_free(system);
	return done;
}

static bool is_kernel(const struct trace_module *module)
{
	uint64_t known = (uintptr_t)IoCreateDevice - module->base;

	return known < module->size;
}

/* Wine's list by system has invented addresses, its loader's list is right. */
static size_t list(struct trace_module *modules, size_t n)
{
	size_t done = trace.in_process ? 0 : list_by_system(modules, n);

	if (!done)
		done = list_by_loader(modules, n);
	for (size_t i = 1; i < done; i++) {
		struct trace_module moved = modules[i];

		if (!is_kernel(&moved))
			continue;
		modules[i] = modules[0];
		modules[0] = moved;
	}
	return done;
}

static void set_ranges(void)
{
	size_t n = 0;

	for (size_t i = 0; i < roster.n && n < MAX_MODULES; i++) {
		const struct trace_module *module = &roster.modules[i];

		if (roster_is_here(module))
			drafted[n++] = (struct range){module->base, module->base + module->size,
						      module->bit};
	}
	ranges_set(&trace.ranges, drafted, n);
}

static void changed(void *context, const struct trace_module *module, bool comes)
{
	for (unsigned i = 0; i < n_targets && !comes; i++) {
		if (targets[i].begin != module->base)
			continue;
		trace_free(targets[i].bits);
		targets[i--] = targets[--n_targets];
	}
	if (!comes)
		hooks_gone(module, module->base == *(const uint64_t *)context);
	loads_tell(module, comes);
}

static void look(uint64_t came)
{
	uint32_t before = roster.changes;

	if (!listed)
		return;
	n_listed = list(listed, MAX_MODULES);
	roster_look(&roster, listed, n_listed, came, system_time(), changed, &came);
	if (roster.changes != before)
		set_ranges();
}

void modules_look(void)
{
	look(0);
}

const struct trace_module *modules_came(uint64_t base)
{
	look(base);
	for (size_t i = 0; i < n_listed; i++)
		if (listed[i].base == base)
			return &listed[i];
	return NULL;
}

size_t modules_list(struct trace_module *modules, size_t n)
{
	if (!listed) {
		n = list(modules, n);
		for (size_t i = 0; i < n; i++)
			modules[i].bit = TRACE_SHARED_BIT;
		return n;
	}
	look(0);
	if (n > roster.n)
		n = roster.n;
	RtlCopyMemory(modules, roster.modules, n * sizeof(*modules));
	return n;
}

uint32_t modules_bit(const char *name)
{
	uint32_t before = roster.changes, bit;

	if (!listed)
		return TRACE_SHARED_BIT;
	/* Later, records may have the shared one. */
	bit = roster_bit(&roster, name, !trace.armed);
	if (roster.changes != before)
		set_ranges();
	return bit;
}

uint32_t modules_changes(void)
{
	return roster.changes;
}

size_t modules_of_name(const char *name, uint64_t *bases, size_t n)
{
	size_t done = 0;

	for (size_t i = 0; i < n_listed && done < n; i++)
		if (roster_same_name(listed[i].name, name))
			bases[done++] = listed[i].base;
	return done;
}

bool modules_at(uint64_t address, uint64_t *begin, uint64_t *end)
{
	for (size_t i = 0; i < n_listed; i++) {
		if (address - listed[i].base >= listed[i].size)
			continue;
		*begin = listed[i].base;
		*end = listed[i].base + listed[i].size;
		return true;
	}
	return false;
}

bool modules_loaded(uint64_t begin, uint64_t end)
{
	for (size_t i = 0; i < n_listed; i++)
		if (listed[i].base == begin && listed[i].base + listed[i].size == end)
			return true;
	return !n_listed;
}

bool modules_begin(void)
{
	struct trace_module *memory = trace_allocate(MAX_ROSTER * sizeof(*memory));

	listed = trace_allocate(MAX_MODULES * sizeof(*listed));
	drafted = trace_allocate(MAX_MODULES * sizeof(*drafted));
	ranges_memory = trace_allocate(ranges_size(MAX_MODULES));
	roster_init(&roster, memory, MAX_ROSTER);
	if (!memory || !listed || !drafted || !ranges_memory) {
		modules_fini();
		return false;
	}
	ranges_init(&trace.ranges, ranges_memory, MAX_MODULES);
	look(0);
	return true;
}

void modules_fini(void)
{
	ranges_init(&trace.ranges, NULL, 0);
	trace_free(ranges_memory);
	trace_free(drafted);
	trace_free(listed);
	trace_free(roster.modules);
	ranges_memory = NULL;
	drafted = NULL;
	listed = NULL;
	n_listed = 0;
	roster_init(&roster, NULL, 0);
	while (n_targets)
		trace_free(targets[--n_targets].bits);
}

static const IMAGE_NT_HEADERS *headers_at(uintptr_t base)
{
	const IMAGE_DOS_HEADER *dos = (const IMAGE_DOS_HEADER *)base;

	return (const IMAGE_NT_HEADERS *)(base + (uintptr_t)dos->e_lfanew);
}

/* The headers of the module with this address. */
static const IMAGE_NT_HEADERS *headers_of(uint64_t address, uintptr_t *base)
{
	uint64_t begin, end;

	if (!modules_at(address, &begin, &end))
		return NULL;
	*base = (uintptr_t)begin;
	return headers_at(*base);
}

bool modules_is_image(uint64_t base, uint32_t stamp, uint32_t size)
{
	const IMAGE_NT_HEADERS *headers = headers_at((uintptr_t)base);

	return headers->FileHeader.TimeDateStamp == stamp &&
	       headers->OptionalHeader.SizeOfImage == size;
}

/* discardable: also those that are there only until the driver has started. */
static const IMAGE_SECTION_HEADER *code_section(const IMAGE_NT_HEADERS *headers, uintptr_t base,
						uint64_t address, bool discardable)
{
	const IMAGE_SECTION_HEADER *section = IMAGE_FIRST_SECTION(headers);

	for (unsigned i = 0; i < headers->FileHeader.NumberOfSections; i++, section++)
		if (address - base - section->VirtualAddress < section->Misc.VirtualSize &&
		    section->Characteristics & IMAGE_SCN_MEM_EXECUTE &&
		    (discardable || !(section->Characteristics & IMAGE_SCN_MEM_DISCARDABLE)))
			return section;
	return NULL;
}

static const struct hook_targets *targets_of(const IMAGE_NT_HEADERS *headers, uintptr_t base,
					     bool discardable)
{
	const IMAGE_SECTION_HEADER *section = IMAGE_FIRST_SECTION(headers);
	size_t size = headers->OptionalHeader.SizeOfImage;
	struct hook_targets *made;
	void *memory;

	for (unsigned i = 0; i < n_targets; i++)
		if (targets[i].begin == base && targets[i].size == size)
			return &targets[i];
	memory = n_targets < ARRAYSIZE(targets) ? trace_allocate(hook_targets_size(size)) : NULL;
	if (!memory)
		return NULL;
	made = &targets[n_targets++];
	hook_targets_init(made, base, size, memory);
	for (unsigned i = 0; i < headers->FileHeader.NumberOfSections; i++, section++)
		if (section->Characteristics & IMAGE_SCN_MEM_EXECUTE &&
		    (discardable || !(section->Characteristics & IMAGE_SCN_MEM_DISCARDABLE)))
			hook_targets_add(made, sizeof(void *) == 8 ? INSN_64 : INSN_32,
					 base + section->VirtualAddress,
					 (const uint8_t *)base + section->VirtualAddress,
					 section->Misc.VirtualSize);
	return made;
}

bool modules_function(uint64_t address, bool starting, struct hook_function *function)
{
	const IMAGE_SECTION_HEADER *section;
	const IMAGE_NT_HEADERS *headers;
	uint64_t begin, end;
	uintptr_t base;

	headers = headers_of(address, &base);
	if (!headers)
		return false;
	*function = (struct hook_function){
		.mode = sizeof(void *) == 8 ? INSN_64 : INSN_32,
		.address = address,
		.bytes = (const uint8_t *)(uintptr_t)address,
	};
	section = code_section(headers, base, address, starting);
	if (!section)
		return true;
	begin = base + section->VirtualAddress;
	end = begin + section->Misc.VirtualSize;
	function->executable = true;
	function->size = (size_t)(end - address);
	function->text_begin = base;
	function->text_end = base + headers->OptionalHeader.SizeOfImage;
	function->n_before = address - begin < 16 ? (size_t)(address - begin) : 16;
	function->targets = targets_of(headers, base, starting);
#if !defined(__i386__)
	ULONG64 image;
	const struct runtime_function *unwind = RtlLookupFunctionEntry(address, &image, NULL);

	if (unwind && image + unwind->begin == address && unwind->end) {
		function->size = unwind->end - unwind->begin;
		function->size_known = true;
		end -= address + function->size;
		function->n_after = end < 16 ? (size_t)end : 16;
	}
#endif
	return true;
}

bool modules_discardable(uint64_t address)
{
	uintptr_t base;
	const IMAGE_NT_HEADERS *headers = headers_of(address, &base);

	return headers && !code_section(headers, base, address, false);
}

bool modules_slack(uint64_t address, uintptr_t *begin, uintptr_t *end)
{
	const IMAGE_SECTION_HEADER *section;
	const IMAGE_NT_HEADERS *headers;
	uintptr_t base;

	headers = headers_of(address, &base);
	section = headers ? code_section(headers, base, address, false) : NULL;
	if (!section)
		return false;
	*begin = base + section->VirtualAddress + section->Misc.VirtualSize;
	*end = (*begin + PAGE_SIZE - 1) & ~(uintptr_t)(PAGE_SIZE - 1);
	return true;
}
