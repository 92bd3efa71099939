#include "model/state_dict_pickle.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <set>
#include <utility>

#include "model/byte_reader.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/utf8.hpp"

// Opcodes and their meaning: Lib/pickletools.py of CPython.
namespace seqguard {
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

enum class Kind : std::uint8_t {
  none,
  boolean,
  integer,
  real,
  text,
  tuple,
  list,
  dict,
  ordered_dict,
  global,
  storage,
  tensor
};

std::string_view name_of(Kind kind) {
  constexpr std::string_view k_names[] = {"None",   "a boolean", "an integer",     "a number", "a string",  "a tuple",
                                          "a list", "a dict",    "an OrderedDict", "a class",  "a storage", "a tensor"};
  return k_names[static_cast<std::size_t>(kind)];
}

/// What came out of the file may go into a message: cut, and without control characters.
std::string shown(std::string_view text) {
  std::string result(text.substr(0, 100));
  for (char& c : result)
    if (c < ' ' || c > '~') c = '?';
  return result;
}

/// The stack machine of pickle over inert values. A value is its number in values_.
class Machine {
 public:
  Machine(std::string_view pickle, const std::string& where, const TensorLimits& limits, const PickleLimits& machine)
      : pickle_(pickle), reader_(pickle, where), where_(where), limits_(limits), machine_(machine) {}

  std::vector<PickledTensor> run() {
    while (step(reader_.number<std::uint8_t>())) {
    }
    if (reader_.left() > 0) refuse("after its end", "nothing", std::to_string(reader_.left()) + " bytes");
    const Id result = pop();
    if (!stack_.empty() || !marks_.empty()) refuse("stack at the end", "one value", "more");
    return state_dict_of(result);
  }

 private:
  using Id = std::uint32_t;
  static constexpr Id k_nothing = std::numeric_limits<Id>::max();

  /// `first` and `count`: text, its bytes; tuple, its items; dict, first and last entry; the others, see make().
  struct Value {
    Kind kind = Kind::none;
    std::uint32_t count = 0;
    std::uint64_t first = 0;
  };
  struct DictEntry {
    Id key, value, next;
  };
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
        if (marks_.size() == machine_.max_nesting)
          refuse("nesting", "at most " + std::to_string(machine_.max_nesting), "more");
        marks_.push_back(stack_.size());
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
        return make_tuple(stack_.size());
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
        remember(memoized_);
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

  // --- values and the stack ---

  bool make(Kind kind, std::uint64_t first = 0, std::uint32_t count = 0) {
    spend(1);
    values_.push_back({kind, count, first});
    return push(static_cast<Id>(values_.size() - 1));
  }
  bool make_text(std::uint64_t size) {
    const std::size_t first = reader_.position();
    reader_.take(size);
    return make(Kind::text, first, static_cast<std::uint32_t>(size));
  }
  /// Of everything from `first` on the stack.
  bool make_tuple(std::size_t first) {
    const std::size_t count = stack_.size() - first, begin = items_.size();
    spend(count);
    items_.insert(items_.end(), stack_.begin() + static_cast<std::ptrdiff_t>(first), stack_.end());
    stack_.resize(first);
    return make(Kind::tuple, begin, static_cast<std::uint32_t>(count));
  }
  bool make_global(std::string_view module, std::string_view name) {
    for (std::size_t i = 0; i < std::size(k_globals); ++i)
      if (k_globals[i].module == module && k_globals[i].name == name) return make(Kind::global, i);
    refuse("global", "OrderedDict, _rebuild_tensor_v2, _rebuild_parameter or a storage of torch",
           shown(module) + "." + shown(name) + ", which is not called");
  }
  bool push(Id value) {
    if (stack_.size() == machine_.max_stack)
      refuse("stack", "at most " + std::to_string(machine_.max_stack) + " values", "more");
    stack_.push_back(value);
    return true;
  }
  /// Values above the last mark only.
  std::size_t below(std::size_t count) const {
    const std::size_t floor = marks_.empty() ? 0 : marks_.back();
    if (stack_.size() - floor < count) refuse("stack", std::to_string(count) + " values", "fewer");
    return stack_.size() - count;
  }
  Id top() const { return stack_[below(1)]; }
  Id pop() {
    const Id value = top();
    stack_.pop_back();
    return value;
  }
  std::size_t pop_mark() {
    if (marks_.empty()) refuse("stack", "a mark", "none");
    const std::size_t mark = marks_.back();
    marks_.pop_back();
    return mark;
  }
  void spend(std::size_t objects) {
    if (objects > machine_.max_objects - spent_)
      refuse("objects", "at most " + std::to_string(machine_.max_objects), "more");
    spent_ += objects;
  }

  void append(std::size_t first) {
    stack_.resize(first);  // no tensor is in a list
    expect(top(), Kind::list, "object to append to");
  }
  void set_items(std::size_t first) {
    if ((stack_.size() - first) % 2 != 0) refuse("items of a dict", "keys with values", "a key without");
    const std::vector<Id> pairs(stack_.begin() + static_cast<std::ptrdiff_t>(first), stack_.end());
    stack_.resize(first);
    Value& dict = values_[top()];
    if (dict.kind != Kind::dict && dict.kind != Kind::ordered_dict)
      refuse("object to set items of", "a dict", name_of(dict.kind));
    for (std::size_t i = 0; i < pairs.size(); i += 2) {
      spend(1);
      const Id entry = static_cast<Id>(entries_.size());
      entries_.push_back({pairs[i], pairs[i + 1], k_nothing});
      if (dict.first == k_nothing)
        dict.first = entry;
      else
        entries_[dict.count].next = entry;
      dict.count = entry;
    }
  }
  void remember(std::size_t place) {
    if (place >= machine_.max_memo) refuse("memo", "at most " + std::to_string(machine_.max_memo) + " places", "more");
    if (place >= memo_.size()) memo_.resize(place + 1, k_nothing);
    memo_[place] = top();
    ++memoized_;
  }
  void recall(std::size_t place) {
    if (place >= memo_.size() || memo_[place] == k_nothing)
      refuse("memo", "a value", "none at " + std::to_string(place));
    push(memo_[place]);
  }

  // --- what values mean ---

  std::uint64_t long_integer(std::string_view bytes) const {
    if (bytes.size() > sizeof(std::uint64_t)) refuse("integer", "at most 8 bytes", std::to_string(bytes.size()));
    const bool negative = !bytes.empty() && (static_cast<unsigned char>(bytes.back()) & 0x80u) != 0;
    std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
  }
  void expect(Id id, Kind kind, std::string_view what) const {
    if (values_[id].kind != kind) refuse(what, name_of(kind), name_of(values_[id].kind));
  }
  std::string_view text_of(Id id, std::string_view what) const {
    expect(id, Kind::text, what);
    return pickle_.substr(values_[id].first, values_[id].count);
  }
  std::size_t size_of(Id id, std::string_view what) const {
    expect(id, Kind::integer, what);
    const auto value = static_cast<std::int64_t>(values_[id].first);
    if (value < 0) refuse(what, "a number >= 0", std::to_string(value));
    return static_cast<std::size_t>(value);
  }
  std::span<const Id> tuple_of(Id id, std::string_view what) const {
    expect(id, Kind::tuple, what);
    return std::span(items_).subspan(values_[id].first, values_[id].count);
  }
  std::vector<std::size_t> sizes_of(Id id, std::string_view what) const {
    const std::span<const Id> items = tuple_of(id, what);
    if (items.size() > limits_.max_rank)
      refuse(what, "at most " + std::to_string(limits_.max_rank) + " numbers", std::to_string(items.size()));
    std::vector<std::size_t> sizes;
    for (const Id item : items) sizes.push_back(size_of(item, what));
    return sizes;
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
      if (value.kind != Kind::tensor) refuse("\"" + shown(name) + "\"", "a tensor", name_of(value.kind));
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

  [[noreturn]] void refuse(std::string_view what, std::string_view expected, std::string_view found) const {
    fail(ErrorCode::bad_checkpoint, where_ + ": byte " + std::to_string(reader_.position()), what, expected, found);
  }

  std::string_view pickle_;
  ByteReader reader_;
  const std::string& where_;
  const TensorLimits& limits_;
  const PickleLimits& machine_;
  std::vector<Value> values_;
  std::vector<Id> items_;  // of all tuples
  std::vector<DictEntry> entries_;
  std::vector<Storage> storages_;
  std::vector<PickledTensor> tensors_;
  std::vector<Id> stack_, memo_;
  std::vector<std::size_t> marks_;
  std::size_t spent_ = 0, memoized_ = 0;
};

}  // namespace

std::vector<PickledTensor> parse_state_dict(std::string_view pickle, const std::string& where,
                                            const TensorLimits& limits, const PickleLimits& pickle_limits) {
  if (pickle.size() > pickle_limits.max_bytes)
    fail(ErrorCode::bad_checkpoint, where, "size", "at most " + std::to_string(pickle_limits.max_bytes) + " bytes",
         std::to_string(pickle.size()));
  return Machine(pickle, where, limits, pickle_limits).run();
}

}  // namespace seqguard
