// Presses the button of a form that goes on with long work: <form data-go-on>. Without script a person presses it.
(() => {
  "use strict";

  const form = document.querySelector("form[data-go-on]");
  if (form) setTimeout(() => form.submit(), 200);
})();
