// Sends the one form of the page, as its button does.
document.getElementById("continue").submit();
