#!/usr/bin/env python3
"""What the compiler makes of the kernels for sm_90a: instructions that a wrong result or a lost speed would show in.

    machine_code_test.py rules                    the rules below find planted faults; needs no compiler
    machine_code_test.py ptx NVCC REPOSITORY BUILD FOLDER
                                                  compiles into FOLDER, then judges the PTX and what ptxas reports
    machine_code_test.py sass CUOBJDUMP FOLDER    judges the machine code of the same cubins; 77 without CUOBJDUMP

For each kernel on warpgroups: one loop with the expected number of wgmma, of the expected shape, and none elsewhere; no
fence for the whole GPU in any loop; no local memory, no spills; the expected TMA instructions; 168 registers; no warning
that wgmma is serialised or waited for. For the f64 peak: the large mma of sm_90.
"""
import collections
import pathlib
import re
import subprocess
import sys

SOURCES = ["kernels/hopper.cu", "kernels/convolution/hopper.cu", "kernels/convolution/hopper_weights.cu", "peak.cu"]
SKIPPED = 77

# ---- What a kernel should hold ----

Expected = collections.namedtuple("Expected", "ptx_multiply sass_multiply count unrolled tma registers")
DEPTHS = {"Float16": ("k16", "HGMMA"), "BFloat16": ("k16", "HGMMA"), "Tf32": ("k8", "HGMMA"),
          "Float8E4M3": ("k32", "QGMMA"), "a": ("k32", "IGMMA")}
KERNEL = re.compile(r"(hopper_kernel|gather_kernel|weights_kernel|wgmma_peak|double_mma_peak)"
                    r"(?:I(?:N?S\d*_\d+([A-Z]\w*?)E|(a))(?:Li(\d+)E|[fi]E))?")
STEPS = 4  # a step along k has 128 bytes, a multiply-add 32


def expected(name):
    """None for a kernel that this test is not about."""
    found = KERNEL.search(name)
    if not found:
        return None
    kernel, named, byte, width = found.groups()
    if kernel == "double_mma_peak":
        return Expected(r"mma\.sync\.aligned\.m16n8k16\.row\.col\.f64", r"DMMA\.16x8x16", 32, True, [], None)
    depth, gmma = DEPTHS[named or byte]
    peak = kernel == "wgmma_peak"
    if peak:
        width, count, tma, registers = 256, 2 * STEPS, [], None
    else:
        count, registers = STEPS, 168
        tma = ["load", "store"]
        if kernel != "hopper_kernel":
            tma.append("im2col")
        if kernel != "weights_kernel":
            tma.append("multicast")
    return Expected(rf"wgmma\.mma_async\.sync\.aligned\.m64n{width}{depth}\.",
                    rf"{gmma}\.64x{width}x{depth[1:]}\b", count, peak, tma, registers)


PTX = {
    "any multiply": r"\bwgmma\.mma_async|\bmma\.sync.*f64",
    "fence": r"\bmembar\.(gl|sys)|\bfence\.(sc|acq_rel)\.(gpu|sys)|\bmbarrier\S*\.(release|acquire)\.cluster",
    "local memory": r"\.local\b",
    "load": r"cp\.async\.bulk\.tensor\.\dd\.shared::cluster",
    "store": r"cp\.async\.bulk\.tensor\.\dd\.global\.shared::cta",
    "im2col": r"cp\.async\.bulk\.tensor\.4d\S*\.im2col",
    "multicast": r"cp\.async\.bulk\.tensor\S*\.multicast::cluster",
}
SASS = {
    "any multiply": r"\b[HIQ]GMMA\.|\bDMMA\.",
    "fence": r"\bMEMBAR\.\S*\.(GPU|SYS|VC)|\bMEMBAR\.(GPU|SYS)|\bCCTL\.IVALL",
    "local memory": r"\b(LDL|STL)\b",
    "load": r"\bUTMALDG\.",
    "store": r"\bUTMASTG\.",
    "im2col": r"\bUTMALDG\.4D\.IM2COL",
    "multicast": r"\bUTMALDG\.\S*MULTICAST",
}

# ---- Control flow: instructions as (text, labels of the instruction, targets, whether the next one follows) ----

Instruction = collections.namedtuple("Instruction", "text labels targets falls_through")


def bodies(text):
    """(name, body) of the kernels of a PTX file, whose bodies have blocks of their own."""
    for entry in re.finditer(r"\.entry\s+([^\s(]+)", text):
        start = text.index("{", text.index(")", entry.end()))
        depth, end = 1, start
        while depth:
            end = min(at for at in (text.find("{", end + 1), text.find("}", end + 1)) if at >= 0)
            depth += 1 if text[end] == "{" else -1
        yield entry.group(1), text[start + 1:end]


def read_ptx(text):
    """{kernel: instructions}"""
    kernels = {}
    for name, body in bodies(text):
        instructions, labels = [], []
        for line in re.split(r";|\n", body):
            line = line.split("//")[0].strip().strip("{}").strip()
            label = re.fullmatch(r"(\$?\w+):", line)
            if label:
                labels.append(label.group(1))
            elif line:
                branch = re.match(r"(@!?%?\w+\s+)?bra(?:\.uni)?\s+(\$?\w+)$", line)
                ends = re.match(r"(ret|exit|trap)$", line)
                if re.match(r"(@!?%?\w+\s+)?brx", line):
                    raise ValueError("a branch by table is not understood: " + line)
                instructions.append(Instruction(line, labels, [branch.group(2)] if branch else [],
                                                not ends and not (branch and not branch.group(1))))
                labels = []
        kernels[name] = instructions
    return kernels


def read_sass(text):
    """{kernel: instructions}, from cuobjdump -sass. BSYNC stands before the place where its threads go on together."""
    kernels = {}
    for part in re.split(r"^\s*Function : ", text, flags=re.M)[1:]:
        name = part.split(None, 1)[0]
        lines = [(int(at, 16), line.strip()) for at, line in re.findall(r"/\*([0-9a-f]{4,})\*/\s+([^;\n]*?)\s*;", part)]
        instructions = []
        for at, line in lines:
            predicated = line.startswith("@") and not line.startswith("@PT ")
            branch = re.search(r"\b(BRA|JMP|CALL)\b\S*.*?0x([0-9a-f]+)", line)
            targets = [int(branch.group(2), 16)] if branch else []
            conditional = predicated or bool(branch and re.search(r"\bBRA\S*\s+!?U?P\d", line))
            ends = re.search(r"\b(EXIT|RET)\b", line) or (branch and branch.group(1) != "CALL")
            instructions.append(Instruction(line, [at], targets, conditional or not ends))
        kernels[name] = instructions
    return kernels


def loops_of(instructions):
    """The natural loops, each as the set of its instructions, by the instruction at its head."""
    place = {label: i for i, instruction in enumerate(instructions) for label in instruction.labels}
    following = [[place[t] for t in instruction.targets if t in place] +
                 ([i + 1] if instruction.falls_through and i + 1 < len(instructions) else [])
                 for i, instruction in enumerate(instructions)]
    # Blocks, because kernels have thousands of instructions.
    starts = sorted({0} | {t for i, each in enumerate(following) for t in each if each != [i + 1]} |
                    {i + 1 for i, each in enumerate(following) if each != [i + 1] and i + 1 < len(following)})
    ends = starts[1:] + [len(instructions)]
    block = {start: b for b, start in enumerate(starts)}
    after = [[block[t] for t in following[end - 1]] for end in ends]
    before = collections.defaultdict(list)
    for b, each in enumerate(after):
        for t in each:
            before[t].append(b)
    reachable, open_ = {0}, [0]
    while open_:
        for t in after[open_.pop()]:
            if t not in reachable:
                reachable.add(t)
                open_.append(t)
    dominators = {b: {0} if b == 0 else set(reachable) for b in reachable}
    changed = True
    while changed:
        changed = False
        for b in sorted(reachable - {0}):
            new = {b} | set.intersection(*(dominators[p] for p in before[b] if p in reachable))
            changed |= new != dominators[b]
            dominators[b] = new
    loops = collections.defaultdict(set)
    for b in reachable:
        for head in after[b]:
            if head in dominators[b]:
                body, open_ = {head, b}, [b]
                while open_:
                    at = open_.pop()
                    for p in before[at] if at != head else []:
                        if p in reachable and p not in body:
                            body.add(p)
                            open_.append(p)
                loops[starts[head]] |= {i for each in body for i in range(starts[each], ends[each])}
    return dict(loops)


# ---- Rules ----

def judge(name, instructions, words, multiply):
    """The faults of one kernel, whose multiply-adds match `multiply`."""
    want = expected(name)
    loops = loops_of(instructions)
    in_loops = set().union(*loops.values())
    texts = [instruction.text for instruction in instructions]

    def matching(pattern):
        return [i for i, text in enumerate(texts) if re.search(pattern, text)]

    faults = []
    by_loop = collections.Counter()
    for i in matching(words["any multiply"]):
        if not re.search(multiply, texts[i]):
            faults.append("an unexpected " + texts[i][:60])
        inside = [head for head, body in loops.items() if i in body]
        by_loop[min(inside, key=lambda head: len(loops[head])) if inside else None] += 1
    # The compiler may unroll the loops of the peaks, with another loop for the rest.
    right = by_loop and all(n % want.count == 0 for n in by_loop.values()) if want.unrolled else \
        list(by_loop.values()) == [want.count]
    if not right or None in by_loop:
        faults.append(f"{want.count} multiply-adds expected in one loop, found " +
                      ", ".join(f"{count} {'outside loops' if head is None else 'in a loop'}"
                                for head, count in by_loop.items()) + ("" if by_loop else "none"))
    faults += [f"a fence for the whole GPU in a loop: {texts[i]}" for i in matching(words["fence"]) if i in in_loops]
    faults += [f"local memory: {texts[i]}" for i in matching(words["local memory"])[:1]]
    faults += [f"no TMA instruction of kind {kind}" for kind in want.tma if not matching(words[kind])]
    return [f"{name}: {fault}" for fault in faults]


def judge_listing(kernels, words, field):
    relevant = {name: code for name, code in kernels.items() if expected(name)}
    faults = [fault for name, code in relevant.items() for fault in judge(name, code, words, getattr(expected(name), field))]
    return faults, len(relevant)


def judge_log(log):
    """The faults that ptxas -v reports."""
    faults = [line.strip() for line in log.splitlines() if re.search(r"\(C\d+\)|serializ|Performance Loss|warning", line)]
    for name, body in re.findall(r"Compiling entry function '(\S+)' for 'sm_90a'(.*?)(?=Compiling entry|\Z)", log, re.S):
        want = expected(name)
        if not want:
            continue
        memory = re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", body)
        if not memory or any(int(bytes_) for bytes_ in memory.groups()):
            faults.append(f"{name}: {memory.group(0) if memory else 'no report on spills'}")
        registers = re.search(r"Used (\d+) registers", body)
        if want.registers and (not registers or int(registers.group(1)) != want.registers):
            faults.append(f"{name}: {registers.group(0) if registers else 'no report on registers'}, "
                          f"{want.registers} expected")
    return faults


# ---- Commands ----

def compile_all(nvcc, repository, build, folder):
    """Compiles each source to a cubin, keeping the PTX and ptxas' words beside it."""
    started = []
    for source in SOURCES:
        stem = source.replace("/", "_").removesuffix(".cu")
        keep = folder / stem
        keep.mkdir(parents=True, exist_ok=True)
        command = [nvcc, "-std=c++20", "-O3", "-DNDEBUG", "-arch=sm_90a", "--cubin", "-Xptxas=-v", "-I", str(repository),
                   "-I", str(repository / "backends/include"), "-I", str(build / "generated"), "--keep", "--keep-dir",
                   str(keep), "-o", str(keep / "kernel.cubin"), str(repository / "backends/cuda" / source)]
        started.append((source, keep, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                                       text=True)))
        if len(started) % 2 == 0:  # two at a time
            for _, _, process in started[-2:]:
                process.output = process.communicate()[0]
    faults = []
    for source, keep, process in started:
        log = getattr(process, "output", None)
        log = process.communicate()[0] if log is None else log
        (keep / "ptxas.log").write_text(log)
        if process.returncode != 0:
            faults.append(f"{source} does not compile:\n{log}")
    return faults


def check_ptx(nvcc, repository, build, folder):
    faults, total = compile_all(nvcc, repository, build, folder), 0
    for keep in sorted(folder.iterdir()):
        for ptx in keep.glob("*.ptx"):
            found, count = judge_listing(read_ptx(ptx.read_text()), PTX, "ptx_multiply")
            faults += found
            total += count
        faults += judge_log((keep / "ptxas.log").read_text())
    return faults, total


def check_sass(cuobjdump, folder):
    faults, total = [], 0
    for cubin in sorted(folder.glob("*/kernel.cubin")):
        listing = subprocess.run([cuobjdump, "-sass", str(cubin)], capture_output=True, text=True, check=True).stdout
        found, count = judge_listing(read_sass(listing), SASS, "sass_multiply")
        faults += found
        total += count
    return faults, total


# ---- The rules themselves ----

NAME = "_ZN6whygpu4cuda12_GLOBAL__N_113hopper_kernelINS_8BFloat16ELi128ELb0ELb1EEEv11CUtensorMap"
MULTIPLY = "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {%f1, %f2}, %rd1, %rd2, p, 1, 1, 0, 1;"
PTX_SAMPLE = ".visible .entry " + NAME + """(
	.param .align 64 .b8 map[128]
)
{
	.reg .pred %p<3>;
	@%p1 bra $L__BB0_4;
$L__BB0_1:
$L__BB0_2:
	// begin inline asm
	{
.reg .pred p;
mbarrier.try_wait.parity.shared::cta.b64 p, [%r1], %r2;
}
	// end inline asm
	@%p2 bra $L__BB0_2;
""" + 4 * ("\t" + MULTIPLY + "\n") + """	mbarrier.arrive.shared::cluster.b64 _, [remote];
	@%p1 bra $L__BB0_1;
	cp.async.bulk.tensor.3d.global.shared::cta.bulk_group [%rd3, {%r3, %r4, %r5}], [%r6];
	bra.uni $L__BB0_5;
$L__BB0_4:
	cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes [%r7], [%rd4, {%r8, %r9, %r10}], [%r11];
	cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%r7], [%rd4], [%r11], %rs1;
	@%p2 bra $L__BB0_4;
$L__BB0_5:
	membar.gl;
	ret;
}
"""
SASS_LINES = ["@P0 BRA 0x0090", "SYNCS.PHASECHK.TRANS64.TRYWAIT P0, [R2], R3", "@!P0 BRA 0x0010",
              "HGMMA.64x128x16.F32.BF16 R24, gdesc[UR8].tnspB, RZ, !UPT",
              "HGMMA.64x128x16.F32.BF16 R24, gdesc[UR12].tnspB, R24", "HGMMA.64x128x16.F32.BF16 R24, gdesc[UR16].tnspB, R24",
              "HGMMA.64x128x16.F32.BF16 R24, gdesc[UR20].tnspB, R24, gsb0", "@P1 BRA 0x0010", "EXIT",
              "UTMALDG.3D [UR32], [UR4], desc[UR6]", "UTMALDG.3D.MULTICAST [UR32], [UR4], UR7, desc[UR6]",
              "@P2 BRA 0x0090", "UTMASTG.3D [UR8], [UR4]", "MEMBAR.ALL.GPU", "EXIT"]
LOG_SAMPLE = f"""ptxas info    : Compiling entry function '{NAME}' for 'sm_90a'
ptxas info    : Function properties for {NAME}
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 168 registers, used 3 barriers
"""


def sass_sample(lines):
    return "\n".join([f"\t\tFunction : {NAME}"] + [f"        /*{16 * i:04x}*/    {line} ;" for i, line in enumerate(lines)])


def check_rules():
    """The faults that the rules miss, and how many they should find."""
    missed = []

    def judge_ptx(text):
        return judge_listing(read_ptx(text), PTX, "ptx_multiply")[0]

    def judge_sass(lines):
        return judge_listing(read_sass(sass_sample(lines)), SASS, "sass_multiply")[0]

    def expect(what, faults, wanted):
        if not any(wanted in fault for fault in faults) if wanted else faults:
            missed.append(f"{what}: {faults or 'nothing found'}")

    fence = "\tfence.acq_rel.gpu;\n"
    planted = [
        ("sound PTX", PTX_SAMPLE, None),
        ("three multiply-adds", PTX_SAMPLE.replace("\t" + MULTIPLY + "\n", "", 1), "found 3 in a loop"),
        ("one more outside the loop", PTX_SAMPLE.replace("$L__BB0_5:\n", "$L__BB0_5:\n\t" + MULTIPLY + "\n"), "1 outside loops"),
        ("another shape", PTX_SAMPLE.replace("m64n128", "m64n64"), "an unexpected wgmma"),
        ("fence in the loop", PTX_SAMPLE.replace("\t" + MULTIPLY, fence + "\t" + MULTIPLY, 1), "a fence"),
        ("release to the cluster", PTX_SAMPLE.replace("arrive.shared", "arrive.release.cluster.shared"), "a fence"),
        ("local memory", PTX_SAMPLE.replace("\tmembar", "\t.local .align 4 .b8 depot[16];\n\tmembar"), "local memory"),
        ("no store", PTX_SAMPLE.replace("3d.global.shared", "3d.elsewhere"), "no TMA instruction of kind store"),
        ("no multicast", PTX_SAMPLE.replace(".multicast::cluster", ""), "no TMA instruction of kind multicast"),
    ]
    for what, text, wanted in planted:
        expect(what, judge_ptx(text), wanted)
    in_machine_code = [
        ("sound machine code", SASS_LINES, None),
        ("fence in the loop", SASS_LINES[:4] + ["MEMBAR.ALL.GPU"] + SASS_LINES[4:], "a fence"),
        ("spill", SASS_LINES[:-1] + ["STL [R1], R2", "EXIT"], "local memory"),
        ("a fourth missing", SASS_LINES[:4] + ["NOP"] + SASS_LINES[5:], "found 3 in a loop"),
        ("another shape", [line.replace("64x128x16", "64x128x8") for line in SASS_LINES], "an unexpected HGMMA"),
    ]
    for what, lines, wanted in in_machine_code:
        expect(what, judge_sass(lines), wanted)
    logs = [
        ("sound report", LOG_SAMPLE, None),
        ("spills", LOG_SAMPLE.replace("0 bytes spill loads", "8 bytes spill loads"), "8 bytes spill loads"),
        ("stack", LOG_SAMPLE.replace("    0 bytes stack", "    16 bytes stack"), "16 bytes stack"),
        ("registers", LOG_SAMPLE.replace("168", "200"), "Used 200 registers"),
        ("wait injected", LOG_SAMPLE + "ptxas info    : (C7517) warpgroup.wait is injected in around line 1974 by compiler to "
         f"allow use of registers defined by GMMA in function '{NAME}'\n", "C7517"),
        ("serialised", LOG_SAMPLE + "ptxas info    : (C7510) Potential Performance Loss: wgmma.mma_async instructions are "
         f"serialized due to ill formed pipeline stage in the function '{NAME}'\n", "C7510"),
    ]
    for what, log, wanted in logs:
        expect(what, judge_log(log), wanted)
    return missed, len(planted) + len(in_machine_code) + len(logs)


def main():
    command, arguments = sys.argv[1], sys.argv[2:]
    if command == "rules":
        faults, total = check_rules()
        what = "rules"
    elif command == "ptx":
        faults, total = check_ptx(arguments[0], *map(pathlib.Path, arguments[1:]))
        what = "kernels in PTX"
    else:
        if not arguments[0] or arguments[0].endswith("NOTFOUND"):
            print("skipped: this CUDA toolkit has no cuobjdump to read machine code with")
            return SKIPPED
        faults, total = check_sass(arguments[0], pathlib.Path(arguments[1]))
        what = "kernels in machine code"
    for fault in faults:
        print(fault)
    if total == 0:
        print("nothing to judge was found")
        return 1
    print(f"{total} {what} judged, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
