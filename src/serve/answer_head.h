#pragma once

// The head of an answer while it is put together: owns its bytes, so that it can wait for the body.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace howdah::serve {

// Reused from answer to answer; allocates nothing once it has held a larger one. The framing fields
// (Content-Length, Transfer-Encoding, Connection) are not among the fields: the stream that sends
// the head knows them.
class AnswerHead {
 public:
  int status() const { return status_; }
  void clear(int status) {
    status_ = status;
    text_.clear();
    fields_.clear();
  }
  void set_status(int status) { status_ = status; }
  // What is added must be valid (http/response_rules.h).
  void add(std::string_view name, std::string_view value) {
    fields_.push_back({begin_of(name), name.size(), begin_of(value), value.size()});
  }
  // In any letter case.
  bool has(std::string_view name) const;

  // visit(name, value) for each field in the order they were added.
  template <class Visitor>
  void for_each(Visitor visit) const {
    std::string_view text = text_;
    for (const Place& field : fields_) {
      visit(text.substr(field.name, field.name_size), text.substr(field.value, field.value_size));
    }
  }

 private:
  struct Place {
    size_t name, name_size, value, value_size;
  };
  size_t begin_of(std::string_view part) {
    text_ += part;
    return text_.size() - part.size();
  }

  int status_ = 0;
  std::string text_;
  std::vector<Place> fields_;
};

}  // namespace howdah::serve
