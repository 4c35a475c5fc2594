#!/usr/bin/env python3
"""check-composition and compare-onnxruntime, with programs in place of whygpu and node that print fixed times."""
import json
import os
import stat
import subprocess
import sys
import tempfile
import unittest

SOURCE = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path.insert(0, os.path.join(SOURCE, "ci"))
import network_pairs  # noqa: E402

HEADER = ("file,network,batch,training,backend,device,seconds,measured,modelled,flops,flops_measured,flops_missing,"
          "operands,flops_modelled,flops_unknown")
WHYGPU = f"""#!{sys.executable}
import sys
if sys.argv[1] == "network":
    if sys.argv[2] == "bad.onnx":
        sys.exit("whygpu network: bad.onnx: no such file")
    case = '{{"rounds": [{{"samples_ns": [3, 1, 2]}}]}}'
    open(sys.argv[sys.argv.index("-o") + 1], "w").write('{{"whygpu": {{"cases": [' + case + ']}}}}')
else:
    assert "samples_ns" in open(sys.argv[2]).read()
    print("{HEADER}")
    print("f,net,1,false,fast,CPU,0.011,0.010,0.001,1000,980,0,cold,15,5")
    print("f,net,1,false,slow,CPU,0.021,0.020,0.001,1000,980,0,cold,15,5")
    print("f,net,1,false,best of each,CPU,0.010,0.009,0.001,1000,980,0,cold,15,5")
"""
PASSES = f"""#!{sys.executable}
import json, sys
slow = sys.argv[sys.argv.index("--backend") + 1] == "slow"
print(json.dumps({{"seconds": 0.030 if slow else 0.0101, "fastest_pass_seconds": 0.010, "pass_cpu_seconds": 0.02,
                   "fastest_seconds": 0.008, "operand_bytes": 5e7}}))
"""
NODE = f"""#!{sys.executable}
import json, sys
request = json.load(sys.stdin)
assert request["dims"] == {{"height": 8}} and request["values"] == {{"rate": 16000}} and request["threads"] == 2
print(json.dumps({{"version": "1.2.3", "runs": 9, "fastest": 0.005, "seconds": 0.006, "cpu": 0.04}}))
"""
NPM = f"""#!{sys.executable}
import os, sys
assert os.environ["ONNXRUNTIME_NODE_INSTALL"] == "skip"
folder = sys.argv[sys.argv.index("--prefix") + 1] + "/node_modules/onnxruntime-node"
os.makedirs(folder)
open(folder + "/package.json", "w").write("{{}}")
"""


class Programs(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        for name, text in (("whygpu", WHYGPU), ("network_passes", PASSES), ("node", NODE), ("npm", NPM)):
            path = self.path(name)
            with open(path, "w") as file:
                file.write(text)
            os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def start(self, script, *arguments, path=None):
        environment = {**os.environ, "PATH": path or self.folder.name, "WHYGPU_CACHE": self.path("cache")}
        done = subprocess.run([sys.executable, os.path.join(SOURCE, "ci", script), *arguments, "--bin", self.folder.name,
                               "--json", self.path("out.json")], capture_output=True, text=True, env=environment)
        rows = []
        if os.path.exists(self.path("out.json")):
            with open(self.path("out.json")) as file:
                rows = json.load(file)["rows"]
        return done, rows

    def test_composition_within_and_beyond(self):
        done, rows = self.start("check-composition", "net.onnx", "--backend", "fast,slow")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertAlmostEqual(rows[0]["ratio"], 0.010 / 0.0101)
        self.assertAlmostEqual(rows[1]["ratio"], 2 / 3)
        self.assertEqual([row["within"] for row in rows], [True, False])
        self.assertAlmostEqual(rows[0]["flops_covered"], 0.995)
        self.assertIn("too far", done.stdout)
        _, rows = self.start("check-composition", "net.onnx", "--backend", "fast", "--sample", "fastest", "--pairs", "1")
        self.assertAlmostEqual(rows[0]["ratio"], 0.010 / 0.008)

    def test_composition_of_nothing(self):
        done, rows = self.start("check-composition", "bad.onnx", "--backend", "fast")
        self.assertEqual((done.returncode, rows), (2, []))
        self.assertEqual(done.stderr, "check-composition: whygpu network: bad.onnx: no such file\n")

    def test_onnxruntime(self):
        done, rows = self.start("compare-onnxruntime", "net.onnx", "--dim", "height=8", "--value", "rate=16000",
                                "--threads", "2", "--backend", "fast,slow", "--pairs", "3")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(rows[0]["backend"], "fast")
        self.assertAlmostEqual(rows[0]["products"]["ratio"], 0.5)
        self.assertAlmostEqual(rows[0]["with_traffic"]["ratio"], 0.005 / 0.011)
        self.assertAlmostEqual(rows[0]["best_of_each_ms"], 9)
        self.assertIn("1.2.3", done.stdout)

    def test_cpu_time(self):
        done, rows = self.start("compare-onnxruntime", "net.onnx", "--dim", "height=8", "--value", "rate=16000",
                                "--threads", "2", "--clock", "cpu")
        self.assertEqual((done.returncode, rows), (2, []))
        self.assertIn("accepted: with --threads 1", done.stderr)

    def test_without_node(self):
        done, rows = self.start("compare-onnxruntime", "net.onnx", path=self.path("nothing"))
        self.assertEqual((done.returncode, rows), (77, []))
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertIn("node is not installed", done.stderr)

    def test_bad_dimension(self):
        done, _ = self.start("compare-onnxruntime", "net.onnx", "--dim", "height")
        self.assertEqual((done.returncode, done.stderr), (2, "compare-onnxruntime: --dim height: accepted: NAME=N\n"))


class Ratios(unittest.TestCase):
    def test_fastest_samples(self):
        with tempfile.NamedTemporaryFile("w+", suffix=".json") as file:
            json.dump({"whygpu": {"cases": [{"rounds": [{"samples_ns": [3, 1, 2]}, {"samples_ns": []}]}]}}, file)
            file.flush()
            network_pairs.keep_fastest(file.name)
            file.seek(0)
            rounds = json.load(file)["whygpu"]["cases"][0]["rounds"]
        self.assertEqual([visit["samples_ns"] for visit in rounds], [[1], []])

    def test_median_and_interval(self):
        ratio = network_pairs.median_ratio([(1, 1), (4, 1), (2, 1)])
        self.assertAlmostEqual(ratio["ratio"], 2)
        self.assertEqual((round(ratio["low"], 9), round(ratio["high"], 9)), (1, 4))
        self.assertAlmostEqual(ratio["level"], 0.75)
        many = network_pairs.median_ratio([(2**i, 1) for i in range(10)])
        self.assertAlmostEqual(many["low"], 2)  # the second of ten: 97.9%
        self.assertAlmostEqual(many["level"], 1 - 2 * 11 / 1024)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
