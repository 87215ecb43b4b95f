#pragma once

// The pages of ERROR_PAGES_DIR: what a browser is shown in place of the line of text that an error
// without a body has otherwise (error_answer.h). Who reads the files, and when, is app's matter.

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/content_coding.h"

namespace howdah::serve {

// Of NNN.html.
struct ErrorPage {
  int status = 0;  // 400 to 599
  std::string html;
  bool operator==(const ErrorPage&) const = default;
};

// Immutable, of all loops: part of a Site.
class ErrorPages {
 public:
  // `pages` outlive the object. Each that is large enough is encoded here, once for each coding.
  ErrorPages(const std::vector<ErrorPage>& pages, const base::CodingList& codings);

  class Page {
   public:
    Page(const ErrorPage& page, const base::CodingList& codings);

    int status() const { return status_; }
    // Views are valid as long as the Page. Empty: the page does not exist in that coding.
    std::string_view body(base::ContentCoding coding) const;
    // Whether what a client is sent depends on what it says of codings.
    bool encoded() const { return encoded_; }

   private:
    const int status_;
    const std::string_view html_;
    bool encoded_ = false;
    std::array<std::string, base::kContentCodings> bodies_;  // but for identity
  };
  // Null when there is none for that status.
  const Page* find(int status) const;

 private:
  std::vector<Page> pages_;
};

}  // namespace howdah::serve
