import { generateBpf } from "./btf/generate.ts";

generateBpf("build/bpf", "src/gen/bpf");
