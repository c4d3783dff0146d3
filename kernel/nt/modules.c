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

typedef NTSTATUS(NTAPI *query_routine)(ULONG, void *, ULONG, ULONG *);

/* What was loaded when it was last looked. */
static struct trace_module *listed;
static size_t n_listed;

/* Ranges that calls may still be reading. */
static struct ranges *old_ranges[64];
static unsigned n_old;

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
	query_routine query = (query_routine)trace_routine(L"ZwQuerySystemInformation");
	struct system_modules *system;
	ULONG size = 0;
	size_t done = 0;

	if (!query)
		return 0;
	query(11, &size, 0, &size);
	size += 64 * 1024; /* for what is loaded in the meantime */
	system = trace_allocate(size);
	if (system && NT_SUCCESS(query(11, system, size, NULL))) {
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
size_t modules_list(struct trace_module *modules, size_t n)
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
	for (size_t i = 0; i < done; i++)
		modules[i].bit = i < 63 ? (uint32_t)i : 63;
	return done;
}

void modules_look(void)
{
	if (listed)
		n_listed = modules_list(listed, MAX_MODULES);
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

bool modules_refresh(void)
{
	const struct trace_module *modules;
	struct ranges *ranges;
	size_t n;

	if (!listed)
		listed = trace_allocate(MAX_MODULES * sizeof(*listed));
	if (!listed)
		return false;
	modules_look();
	modules = listed;
	n = n_listed;
	ranges = trace_allocate(sizeof(*ranges) + n * sizeof(ranges->range[0]));
	if (ranges && n_old < ARRAYSIZE(old_ranges)) {
		ranges->n = n;
		for (size_t i = 0; i < n; i++)
			ranges->range[i] = (struct range){
				modules[i].base, modules[i].base + modules[i].size, modules[i].bit};
		ranges_sort(ranges);
		old_ranges[n_old++] = ranges;
		__atomic_store_n(&trace.ranges, ranges, __ATOMIC_RELEASE);
	} else {
		trace_free(ranges);
		ranges = NULL;
	}
	return ranges;
}

void modules_fini(void)
{
	trace.ranges = NULL;
	trace_free(listed);
	listed = NULL;
	n_listed = 0;
	while (n_old)
		trace_free(old_ranges[--n_old]);
	while (n_targets)
		trace_free(targets[--n_targets].bits);
}

/* The headers of the module with this address. */
static const IMAGE_NT_HEADERS *headers_of(uint64_t address, uintptr_t *base)
{
	const struct range *range = ranges_find(trace.ranges, address);
	const IMAGE_DOS_HEADER *dos;

	if (!range)
		return NULL;
	*base = (uintptr_t)range->begin;
	dos = (const IMAGE_DOS_HEADER *)*base;
	return (const IMAGE_NT_HEADERS *)(*base + (uintptr_t)dos->e_lfanew);
}

static const IMAGE_SECTION_HEADER *code_section(const IMAGE_NT_HEADERS *headers, uintptr_t base,
						uint64_t address)
{
	const IMAGE_SECTION_HEADER *section = IMAGE_FIRST_SECTION(headers);

	for (unsigned i = 0; i < headers->FileHeader.NumberOfSections; i++, section++)
		if (address - base - section->VirtualAddress < section->Misc.VirtualSize &&
		    section->Characteristics & IMAGE_SCN_MEM_EXECUTE &&
		    !(section->Characteristics & IMAGE_SCN_MEM_DISCARDABLE))
			return section;
	return NULL;
}

static const struct hook_targets *targets_of(const IMAGE_NT_HEADERS *headers, uintptr_t base)
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
		    !(section->Characteristics & IMAGE_SCN_MEM_DISCARDABLE))
			hook_targets_add(made, sizeof(void *) == 8 ? INSN_64 : INSN_32,
					 base + section->VirtualAddress,
					 (const uint8_t *)base + section->VirtualAddress,
					 section->Misc.VirtualSize);
	return made;
}

bool modules_function(uint64_t address, struct hook_function *function)
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
	section = code_section(headers, base, address);
	if (!section)
		return true;
	begin = base + section->VirtualAddress;
	end = begin + section->Misc.VirtualSize;
	function->executable = true;
	function->size = (size_t)(end - address);
	function->text_begin = base;
	function->text_end = base + headers->OptionalHeader.SizeOfImage;
	function->n_before = address - begin < 16 ? (size_t)(address - begin) : 16;
	function->targets = targets_of(headers, base);
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

bool modules_slack(uint64_t address, uintptr_t *begin, uintptr_t *end)
{
	const IMAGE_SECTION_HEADER *section;
	const IMAGE_NT_HEADERS *headers;
	uintptr_t base;

	headers = headers_of(address, &base);
	section = headers ? code_section(headers, base, address) : NULL;
	if (!section)
		return false;
	*begin = base + section->VirtualAddress + section->Misc.VirtualSize;
	*end = (*begin + PAGE_SIZE - 1) & ~(uintptr_t)(PAGE_SIZE - 1);
	return true;
}
