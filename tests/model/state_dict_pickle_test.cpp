#include "model/state_dict_pickle.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "model/torch_archive.hpp"
#include "seqguard/core/error.hpp"

using namespace seqguard;

namespace {

const std::string k_proto = "\x80\x02";
const std::string k_storage = pickled_storage("FloatStorage", "0", 6);
const std::string k_tensor = pickled_tensor(k_storage, 0, {2, 3}, {3, 1});

/// The message without "P: byte N: ", or "" where the pickle is read.
std::string error_of(const std::string& pickle, const PickleLimits& limits = {}) {
  try {
    parse_state_dict(pickle, "P", {}, limits);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::bad_checkpoint);
    std::string message = error.what();
    CHECK(message.find("P: ") == 0);
    message.erase(0, 3);
    if (message.find("byte ") == 0) message.erase(0, message.find(": ") + 2);
    return message;
  }
  return "";
}

std::string repeat(const std::string& text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) result += text;
  return result;
}

}  // namespace

TEST_CASE("pickle: the tensors of a dict in its order") {
  const std::string ordered = k_proto + pickled_global("collections", "OrderedDict") + ")Rq\x01(" + pickled_text("b") +
                              k_tensor + pickled_text("a") + pickled_global("torch._utils", "_rebuild_parameter") +
                              "(" + k_tensor + "\x88}tR" + "u}" + pickled_text("_metadata") + "}sb.";
  const std::vector<PickledTensor> tensors = parse_state_dict(ordered, "P");
  REQUIRE(tensors.size() == 2);
  CHECK(tensors[0].name == "b");
  CHECK(tensors[1].name == "a");
  CHECK(tensors[1].dtype == Dtype::f32);
  CHECK(tensors[1].storage == "0");
  CHECK(tensors[1].storage_count == 6);
  CHECK(tensors[1].shape == std::vector<std::size_t>{2, 3});
  CHECK(tensors[1].strides == std::vector<std::size_t>{3, 1});
  CHECK(parse_state_dict(k_proto + "}.", "P").empty());
  // Protocol 4: frames, short strings, MEMOIZE, STACK_GLOBAL.
  const std::string protocol_4 =
      "\x80\x04\x95" + std::string(8, '\0') + "\x8c\x0b" + "collections\x94\x8c\x0bOrderedDict\x94\x93\x94)R.";
  CHECK(parse_state_dict(protocol_4, "P").empty());
}

TEST_CASE("pickle: every global that a state_dict does not need is refused by name, none is called") {
  const char* const k_evil[][2] = {{"os", "system"},
                                   {"posix", "system"},
                                   {"nt", "system"},
                                   {"builtins", "eval"},
                                   {"builtins", "getattr"},
                                   {"subprocess", "Popen"},
                                   {"sys", "exit"},
                                   {"torch", "load"},
                                   {"torch._utils", "_rebuild_tensor"},
                                   {"torch.storage", "UntypedStorage"},
                                   {"numpy", "dtype"},
                                   {"collections", "Counter"},
                                   {"__main__", "Model"}};
  for (const auto& global : k_evil) {
    const std::string name = std::string(global[0]) + "." + global[1];
    CAPTURE(name);
    const std::string expected =
        "global, expected OrderedDict, _rebuild_tensor_v2, _rebuild_parameter or a storage of "
        "torch, found " +
        name + ", which is not called: save model.state_dict()";
    CHECK(error_of(k_proto + pickled_global(global[0], global[1]) + "(" + pickled_text("echo") + "tR.") == expected);
    CHECK(error_of("\x80\x04" + pickled_text(global[0]) + pickled_text(global[1]) + "\x93.") == expected);
  }
  CHECK(error_of(k_proto + pickled_global(std::string(200, 'x') + "\x1b[31m", "y")).find("\x1b") == std::string::npos);
}

TEST_CASE("pickle: of all 256 opcodes only those of a state_dict are known") {
  // With a mark, a dict, and enough values on the stack; "not known" is what matters.
  const std::string known = std::string("\x80\x95.(N\x88\x89JKM\x8aGX\x8c\x8d)t\x85\x86\x87]}aesuqr\x94hjc\x93QRb");
  for (int opcode = 0; opcode < 256; ++opcode) {
    CAPTURE(opcode);
    const std::string message =
        error_of(k_proto + "}(NN" + std::string(1, static_cast<char>(opcode)) + std::string(9, '\0'));
    const bool refused =
        message == "opcode, expected one of those that a state_dict needs, found " + std::to_string(opcode);
    CHECK(refused == (known.find(static_cast<char>(opcode)) == std::string::npos));
  }
}

TEST_CASE("pickle: values that are no tensors, and calls that are no calls") {
  CHECK(error_of(pickled_dict("K\x01")) == "\"w\", expected a tensor, found an integer: save model.state_dict() alone");
  CHECK(error_of(pickled_dict("}")) == "\"w\", expected a tensor, found a dict: save model.state_dict() alone");
  CHECK(error_of(pickled_dict(k_storage)) ==
        "\"w\", expected a tensor, found a storage: save model.state_dict() alone");
  CHECK(error_of(k_proto + "N.") == "value, expected a dict of tensors, found None");
  CHECK(error_of(k_proto + k_tensor + ".") == "value, expected a dict of tensors, found a tensor");
  CHECK(error_of(k_proto + "}K\x01" + k_tensor + "s.") == "name of a tensor, expected a string, found an integer");
  CHECK(error_of(k_proto + "}(" + repeat(pickled_text("w") + k_tensor, 2) + "u.") ==
        "\"w\", expected one tensor of this name, found two");
  CHECK(error_of(k_proto + "}" + pickled_text("\xff") + k_tensor + "s.") ==
        "name of a tensor, expected UTF-8, found \"?\"");
  CHECK(error_of(k_proto + "}" + pickled_text(std::string(1025, 'n')) + k_tensor + "s.") ==
        "name of a tensor, expected 1024 bytes at most, found 1025");
  const std::string rebuild = pickled_global("torch._utils", "_rebuild_tensor_v2");
  CHECK(error_of(k_proto + rebuild + ")R.") == "arguments of _rebuild_tensor_v2, expected 7 of them, found 0");
  CHECK(error_of(k_proto + "N)R.") == "object to call, expected a class, found None");
  CHECK(error_of(k_proto + pickled_global("torch", "FloatStorage") + ")R.") ==
        "object to call, expected a function, found FloatStorage");
  CHECK(error_of(k_proto + pickled_global("collections", "OrderedDict") + "K\x01\x85R.") ==
        "arguments of OrderedDict, expected 0 of them, found 1");
  CHECK(error_of(k_proto + pickled_global("torch._utils", "_rebuild_parameter") + "N\x88}\x87R.") ==
        "data of a parameter, expected a tensor, found None");
  CHECK(error_of(pickled_dict(pickled_tensor(k_storage, -1, {1}, {1}))) ==
        "offset of a tensor, expected a number >= 0, found -1");
  CHECK(error_of(pickled_dict(pickled_tensor(k_storage, 0, {1}, {-1}))) ==
        "stride of a tensor, expected a number >= 0, found -1");
  CHECK(error_of(pickled_dict(pickled_tensor(k_storage, 0, {1, 1}, {1}))) ==
        "stride of a tensor, expected 2 numbers, found 1");
  CHECK(error_of(pickled_dict(pickled_tensor(k_storage, 0, {1, 1, 1, 1, 1, 1, 1, 1, 1}, {}))) ==
        "size of a tensor, expected at most 8 numbers, found 9");
  CHECK(error_of(pickled_dict(pickled_tensor("N", 0, {1}, {1}))) ==
        "storage of a tensor, expected a storage, found None");
  CHECK(error_of(pickled_dict(pickled_tensor(pickled_storage("FloatStorage", std::string(1025, '0'), 6), 0, {1},
                                             {1}))) == "key of a storage, expected 1024 bytes at most, found 1025");
  CHECK(error_of(k_proto + "K\x01\x85Q.") ==
        "persistent id, expected (\"storage\", class, key, location, elements), found another one");
  CHECK(error_of(k_proto + "(" + pickled_text("storage") + pickled_global("collections", "OrderedDict") +
                 pickled_text("0") + pickled_text("cpu") + "K\x01tQ.") ==
        "class of a storage, expected a storage of torch, found OrderedDict");
  CHECK(error_of(k_proto + "}}b.") == "object with a state, expected an OrderedDict, found a dict");
  CHECK(error_of(k_proto + "NNa.") == "object to append to, expected a list, found None");
  CHECK(error_of(k_proto + "NNNs.") == "object to set items of, expected a dict, found None");
  CHECK(error_of(k_proto + "}(Nu.") == "items of a dict, expected keys with values, found a key without");
  CHECK(error_of("\x80\x01}.") == "protocol, expected 2 to 5, found 1");
  CHECK(error_of(k_proto + "}.x") == "after its end, expected nothing, found 1 bytes");
  CHECK(error_of(k_proto + "}}.") == "stack at the end, expected one value, found more");
  CHECK(error_of(k_proto + "\x8a\x09" + std::string(9, '\1') + ".") == "integer, expected at most 8 bytes, found 9");
}

TEST_CASE("pickle: the stack, the marks and the memo are never read where there is nothing") {
  for (const char* pickle :
       {".", "R.", "t.", "e.", "u.", "s.", "a.", "b.", "Q.", "\x85.", "\x86.", "\x87.", "q\x01.", "\x93."}) {
    CAPTURE(pickle);
    CHECK(error_of(k_proto + pickle).find("stack, expected ") == 0);
  }
  // Nothing below a mark is taken.
  CHECK(error_of(k_proto + "N(R.") == "stack, expected 1 values, found fewer");
  CHECK(error_of(k_proto + "h\x05.") == "memo, expected a value, found none at 5");
  CHECK(error_of(k_proto + "Nq\x07h\x05.") == "memo, expected a value, found none at 5");
  CHECK(error_of(k_proto + "j\xff\xff\xff\xff.") == "memo, expected a value, found none at 4294967295");
  CHECK(error_of(k_proto + "X\xff\xff\xff\xff.").find("ends early at byte ") == 0);
  CHECK(error_of(k_proto + "\x8d\xff\xff\xff\xff\xff\xff\xff\xff.").find("ends early at byte ") == 0);
  CHECK(error_of(k_proto + "cos").find("ends early at byte ") == 0);
}

TEST_CASE("pickle: bombs meet limits") {
  CHECK(error_of(k_proto + repeat("N", 10'001)) == "stack, expected at most 10000 values, found more");
  CHECK(error_of(k_proto + repeat("(", 65)) == "nesting, expected at most 64, found more");
  CHECK(error_of(k_proto + "Nr\xff\xff\xff\x7f.") == "memo, expected at most 1000000 places, found more");
  PickleLimits limits;
  limits.max_objects = 1000;
  CHECK(error_of(k_proto + repeat("N\x85", 300), limits) != "objects, expected at most 1000, found more");
  CHECK(error_of(k_proto + repeat("N\x85q\x01", 600), limits) == "objects, expected at most 1000, found more");
  // A tuple of two copies of the one before, 64 times: 2^64 leaves if anybody walked it.
  CHECK(error_of(k_proto + "}N" + repeat("q\x01h\x01\x86", 64) + "0") ==
        "opcode, expected one of those that a state_dict needs, found 48");
  CHECK(error_of(pickled_dict("N" + repeat("q\x01h\x01\x86", 64))) ==
        "\"w\", expected a tensor, found a tuple: save model.state_dict() alone");
  // A dict that holds itself.
  CHECK(error_of(k_proto + "}q\x01" + pickled_text("w") + "h\x01s.") ==
        "\"w\", expected a tensor, found a dict: save model.state_dict() alone");
  limits = {};
  limits.max_bytes = 3;
  CHECK(error_of(k_proto + "}.", limits) == "size, expected at most 3 bytes, found 4");
}

TEST_CASE("pickle: no prefix is read, and no changed byte does harm") {
  const std::string good = pickled_dict(k_tensor);
  CHECK(error_of(good) == "");
  for (std::size_t size = 0; size < good.size(); ++size) {
    CAPTURE(size);
    REQUIRE(error_of(good.substr(0, size)) != "");
  }
  for (std::size_t i = 0; i < good.size(); ++i)
    for (int value = 0; value < 256; ++value) {
      std::string changed = good;
      changed[i] = static_cast<char>(value);
      error_of(changed);  // an Error or none; the sanitizers watch
    }
}
