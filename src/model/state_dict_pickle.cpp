#include "model/state_dict_pickle.hpp"

#include <cstdint>
#include <set>
#include <utility>

#include "core/utf8.hpp"
#include "model/pickle_stack.hpp"
#include "seqguard/core/error.hpp"

// Opcodes and their meaning: Lib/pickletools.py of CPython.
namespace seqguard {
inline namespace v0 {
namespace {

enum class Global { ordered_dict, rebuild_tensor, rebuild_parameter, storage };

struct KnownGlobal {
  std::string_view module, name;
  Global meaning;
  Dtype dtype;  // of a storage
};
constexpr KnownGlobal k_globals[] = {
    {"collections", "OrderedDict", Global::ordered_dict, {}},
    {"torch._utils", "_rebuild_tensor_v2", Global::rebuild_tensor, {}},
    {"torch._utils", "_rebuild_parameter", Global::rebuild_parameter, {}},
    {"torch", "FloatStorage", Global::storage, Dtype::f32},
    {"torch", "HalfStorage", Global::storage, Dtype::f16},
    {"torch", "BFloat16Storage", Global::storage, Dtype::bf16},
    {"torch", "DoubleStorage", Global::storage, Dtype::f64},
    {"torch", "LongStorage", Global::storage, Dtype::i64},
    {"torch", "IntStorage", Global::storage, Dtype::i32},
    {"torch", "ShortStorage", Global::storage, Dtype::i16},
    {"torch", "CharStorage", Global::storage, Dtype::i8},
    {"torch", "ByteStorage", Global::storage, Dtype::u8},
    {"torch", "BoolStorage", Global::storage, Dtype::boolean},
};

/// What the opcodes and the known globals do.
class StateDictReader : private PickleStack {
 public:
  StateDictReader(std::string_view pickle, const std::string& where, const TensorLimits& limits,
                  const PickleLimits& pickle_limits)
      : PickleStack(pickle, where, pickle_limits), limits_(limits) {}

  std::vector<PickledTensor> run() {
    while (step(reader_.number<std::uint8_t>())) {
    }
    if (reader_.left() > 0) refuse("after its end", "nothing", std::to_string(reader_.left()) + " bytes");
    const Id result = pop();
    if (!is_empty()) refuse("stack at the end", "one value", "more");
    return state_dict_of(result);
  }

 private:
  struct Storage {
    Dtype dtype;
    std::string_view key;
    std::size_t count;
  };

  /// Executes one opcode; false at the end.
  bool step(std::uint8_t opcode) {
    switch (opcode) {
      case 0x80:  // PROTO
        if (const auto protocol = reader_.number<std::uint8_t>(); protocol < 2 || protocol > 5)
          refuse("protocol", "2 to 5", std::to_string(protocol));
        return true;
      case 0x95:  // FRAME
        reader_.take(8);
        return true;
      case '.':  // STOP
        return false;
      case '(':  // MARK
        push_mark();
        return true;
      default:
        if (!step_constant(opcode) && !step_container(opcode) && !step_memo(opcode) && !step_object(opcode))
          refuse("opcode", "one of those that a state_dict needs", std::to_string(opcode));
        return true;
    }
  }

  bool step_constant(std::uint8_t opcode) {
    switch (opcode) {
      case 'N':
        return make(Kind::none);
      case 0x88:
      case 0x89:
        return make(Kind::boolean, opcode == 0x88);
      case 'J':  // BININT
        return make(Kind::integer, static_cast<std::uint64_t>(std::int64_t{reader_.number<std::int32_t>()}));
      case 'K':  // BININT1
        return make(Kind::integer, reader_.number<std::uint8_t>());
      case 'M':  // BININT2
        return make(Kind::integer, reader_.number<std::uint16_t>());
      case 0x8a:  // LONG1
        return make(Kind::integer, long_integer(reader_.take(reader_.number<std::uint8_t>())));
      case 'G':  // BINFLOAT
        reader_.take(8);
        return make(Kind::real);
      case 'X':  // BINUNICODE
        return make_text(reader_.number<std::uint32_t>());
      case 0x8c:  // SHORT_BINUNICODE
        return make_text(reader_.number<std::uint8_t>());
      case 0x8d:  // BINUNICODE8
        return make_text(reader_.number<std::uint64_t>());
      default:
        return false;
    }
  }

  bool step_container(std::uint8_t opcode) {
    switch (opcode) {
      case ')':
        return make_tuple(size());
      case 't':
        return make_tuple(pop_mark());
      case 0x85:
      case 0x86:
      case 0x87:  // TUPLE1 .. TUPLE3
        return make_tuple(below(opcode - 0x84u));
      case ']':
        return make(Kind::list);
      case '}':
        return make(Kind::dict, k_nothing, k_nothing);
      case 'a':  // APPEND
        append(below(1));
        return true;
      case 'e':  // APPENDS
        append(pop_mark());
        return true;
      case 's':  // SETITEM
        set_items(below(2));
        return true;
      case 'u':  // SETITEMS
        set_items(pop_mark());
        return true;
      default:
        return false;
    }
  }

  bool step_memo(std::uint8_t opcode) {
    switch (opcode) {
      case 'q':  // BINPUT
        remember(reader_.number<std::uint8_t>());
        return true;
      case 'r':  // LONG_BINPUT
        remember(reader_.number<std::uint32_t>());
        return true;
      case 0x94:  // MEMOIZE
        remember(memoized());
        return true;
      case 'h':  // BINGET
        recall(reader_.number<std::uint8_t>());
        return true;
      case 'j':  // LONG_BINGET
        recall(reader_.number<std::uint32_t>());
        return true;
      default:
        return false;
    }
  }

  bool step_object(std::uint8_t opcode) {
    switch (opcode) {
      case 'c': {  // GLOBAL
        const std::string_view module = reader_.line();
        return make_global(module, reader_.line());
      }
      case 0x93: {  // STACK_GLOBAL
        const std::string_view name = text_of(pop(), "name of a global");
        return make_global(text_of(pop(), "module of a global"), name);
      }
      case 'Q':  // BINPERSID
        return make_storage(pop());
      case 'R':  // REDUCE
        return reduce();
      case 'b': {  // BUILD: the state of an OrderedDict is its _metadata, which says nothing about tensors
        const Id state = pop();
        expect(state, Kind::dict, "state of an object");
        expect(top(), Kind::ordered_dict, "object with a state");
        return true;
      }
      default:
        return false;
    }
  }

  std::vector<std::size_t> sizes_of(Id id, std::string_view what) const {
    const std::span<const Id> items = tuple_of(id, what);
    if (items.size() > limits_.max_rank)
      refuse(what, "at most " + std::to_string(limits_.max_rank) + " numbers", std::to_string(items.size()));
    std::vector<std::size_t> sizes;
    for (const Id item : items) sizes.push_back(size_of(item, what));
    return sizes;
  }

  bool make_global(std::string_view module, std::string_view name) {
    for (std::size_t i = 0; i < std::size(k_globals); ++i)
      if (k_globals[i].module == module && k_globals[i].name == name) return make(Kind::global, i);
    refuse("global", "OrderedDict, _rebuild_tensor_v2, _rebuild_parameter or a storage of torch",
           shown(module) + "." + shown(name) + ", which is not called: save model.state_dict()");
  }
  /// ("storage", class, key, location, elements)
  bool make_storage(Id id) {
    const std::span<const Id> parts = tuple_of(id, "persistent id");
    if (parts.size() != 5 || text_of(parts[0], "kind of a persistent id") != "storage")
      refuse("persistent id", "(\"storage\", class, key, location, elements)", "another one");
    expect(parts[1], Kind::global, "class of a storage");
    const KnownGlobal& type = k_globals[values_[parts[1]].first];
    if (type.meaning != Global::storage) refuse("class of a storage", "a storage of torch", type.name);
    text_of(parts[3], "location of a storage");
    const Storage storage{type.dtype, text_of(parts[2], "key of a storage"),
                          size_of(parts[4], "elements of a storage")};
    if (storage.key.size() > limits_.max_name_bytes)
      refuse("key of a storage", std::to_string(limits_.max_name_bytes) + " bytes at most",
             std::to_string(storage.key.size()));
    spend(1);
    storages_.push_back(storage);
    return make(Kind::storage, storages_.size() - 1);
  }

  bool reduce() {
    const Id arguments_id = pop(), callable = pop();
    const std::span<const Id> arguments = tuple_of(arguments_id, "arguments");
    expect(callable, Kind::global, "object to call");
    const KnownGlobal& global = k_globals[values_[callable].first];
    const auto count = [&](std::size_t least, std::size_t most) {
      if (arguments.size() < least || arguments.size() > most)
        refuse("arguments of " + std::string(global.name), std::to_string(most) + " of them",
               std::to_string(arguments.size()));
    };
    switch (global.meaning) {
      case Global::ordered_dict:
        count(0, 0);
        return make(Kind::ordered_dict, k_nothing, k_nothing);
      case Global::rebuild_parameter:  // (tensor, requires_grad, hooks)
        count(3, 3);
        expect(arguments[0], Kind::tensor, "data of a parameter");
        return push(arguments[0]);
      case Global::rebuild_tensor:  // (storage, offset, size, stride, requires_grad, hooks[, metadata])
        count(6, 7);
        return make_tensor(arguments);
      default:
        refuse("object to call", "a function", global.name);
    }
  }

  bool make_tensor(std::span<const Id> arguments) {
    expect(arguments[0], Kind::storage, "storage of a tensor");
    const Storage& storage = storages_[values_[arguments[0]].first];
    PickledTensor tensor;
    tensor.dtype = storage.dtype;
    tensor.storage = storage.key;
    tensor.storage_count = storage.count;
    tensor.offset = size_of(arguments[1], "offset of a tensor");
    tensor.shape = sizes_of(arguments[2], "size of a tensor");
    tensor.strides = sizes_of(arguments[3], "stride of a tensor");
    if (tensor.shape.size() != tensor.strides.size())
      refuse("stride of a tensor", std::to_string(tensor.shape.size()) + " numbers",
             std::to_string(tensor.strides.size()));
    if (tensors_.size() == limits_.max_tensors)
      refuse("tensors", "at most " + std::to_string(limits_.max_tensors), "more");
    tensors_.push_back(std::move(tensor));
    return make(Kind::tensor, tensors_.size() - 1);
  }

  std::vector<PickledTensor> state_dict_of(Id id) const {
    const Value& dict = values_[id];
    if (dict.kind != Kind::dict && dict.kind != Kind::ordered_dict)
      refuse("value", "a dict of tensors", name_of(dict.kind));
    std::vector<PickledTensor> result;
    std::set<std::string_view> names;
    for (auto entry = static_cast<Id>(dict.first); entry != k_nothing; entry = entries_[entry].next) {
      const std::string_view name = text_of(entries_[entry].key, "name of a tensor");
      const Value& value = values_[entries_[entry].value];
      if (value.kind != Kind::tensor)
        refuse("\"" + shown(name) + "\"", "a tensor",
               std::string(name_of(value.kind)) + ": save model.state_dict() alone");
      if (name.size() > limits_.max_name_bytes)
        refuse("name of a tensor", std::to_string(limits_.max_name_bytes) + " bytes at most",
               std::to_string(name.size()));
      if (!is_valid_utf8(name)) refuse("name of a tensor", "UTF-8", "\"" + shown(name) + "\"");
      if (!names.insert(name).second) refuse("\"" + shown(name) + "\"", "one tensor of this name", "two");
      if (names.size() > limits_.max_tensors)
        refuse("tensors", "at most " + std::to_string(limits_.max_tensors), "more");
      result.push_back(tensors_[value.first]);
      result.back().name = name;
    }
    return result;
  }

  const TensorLimits& limits_;
  std::vector<Storage> storages_;
  std::vector<PickledTensor> tensors_;
};

}  // namespace

std::vector<PickledTensor> parse_state_dict(std::string_view pickle, const std::string& where,
                                            const TensorLimits& limits, const PickleLimits& pickle_limits) {
  if (pickle.size() > pickle_limits.max_bytes)
    fail(ErrorCode::bad_checkpoint, where, "size", "at most " + std::to_string(pickle_limits.max_bytes) + " bytes",
         std::to_string(pickle.size()));
  return StateDictReader(pickle, where, limits, pickle_limits).run();
}

}  // namespace v0
}  // namespace seqguard
