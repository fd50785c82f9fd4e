import { expect } from "chai";
import {
  isLabelValue,
  isPortName,
  isQualifiedName,
} from "../../../src/drivers/kubernetes/qualified-names.js";

const long = "a".repeat(63);

describe("labels as Kubernetes takes them", () => {
  for (const key of ["a", "A", "app.kubernetes.io/name", `${long}`, `a.b/${long}`, "a_b.c-d", "1/1"]) {
    it(`has keys like ${key}`, () => expect(isQualifiedName(key)).to.equal(true));
  }

  for (const key of [
    "",
    "/a",
    "a/",
    "a/b/c",
    "-a",
    "a-",
    `${long}a`,
    "A/b",
    "a..b/c",
    "a.-b/c",
    `${"a.".repeat(127)}ab/c`,
    "a b",
  ]) {
    it(`has no keys like "${key}"`, () => expect(isQualifiedName(key)).to.equal(false));
  }

  it("has values of the same letters, or none", () => {
    for (const value of ["", "a", "A.b_c-d", long]) {
      expect(isLabelValue(value), value).to.equal(true);
    }
    for (const value of ["-", "a ", "a/b", `${long}a`, "é", "a\n"]) {
      expect(isLabelValue(value), value).to.equal(false);
    }
  });

  it("has names of ports with a letter in them, and single dashes", () => {
    for (const name of ["http", "a", "8a", "a-b-c", "a".repeat(15)]) {
      expect(isPortName(name), name).to.equal(true);
    }
    for (const name of ["", "80", "a--b", "-a", "a-", "A", "a.b", "a".repeat(16)]) {
      expect(isPortName(name), name).to.equal(false);
    }
  });
});
